#!lua flags=allow-oom
local id = ARGV[2]

if field(id, 'tok') then
  redis.call('HSET', JOB .. id, 'cancel', 1)
  return 1
end
take_out(id)
redis.call('DEL', JOB .. id)
return 0
