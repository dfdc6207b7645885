"""Real accidents, re-enacted: what the plant's sensors showed, from public investigation reports."""
