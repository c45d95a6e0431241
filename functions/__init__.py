"""The functions, one a module. The garbage collector rests while one starts: see shared.starts."""

import gc

gc.disable()
