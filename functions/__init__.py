"""The Lambda functions, one in each module. The garbage collector is off until `primed` starts it."""

import gc

gc.disable()
