#!lua flags=allow-oom
local id = ARGV[2]

if redis.call('HEXISTS', key('job', id), 'tok') == 1 then
  redis.call('HSET', key('job', id), 'cancel', 1)
  return 1
end
take_out(id)
redis.call('DEL', key('job', id))
return 0
