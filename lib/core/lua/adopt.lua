#!lua flags=allow-oom
local id, token, source, priority, worker = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local holder = redis.call('HGET', key('job', id), 'tok')
if holder and holder ~= token then
  return LOST
end
take_out(id)
redis.call('HSET', key('job', id), 'src', source, 'prio', priority)
hold(id, source, token, worker)
return TAKEN
