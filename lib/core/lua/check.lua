#!lua flags=allow-oom
return TAKEN
