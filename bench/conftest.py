"""What the cases share: the compile cache stands where the command line has it."""

from service.warm import use_compile_cache, user_cache

use_compile_cache(user_cache())
