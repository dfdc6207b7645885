"""What `hazwatch bench` measures: each part beside its peers, in the same run on the same machine."""
