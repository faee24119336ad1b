#!lua flags=allow-oom
local id, token, delay_ms = ARGV[2], ARGV[3], tonumber(ARGV[4])

if not is_holder(id, token) then
  return redis.call('HGET', key('job', id), 'gave') == token and TAKEN or LOST
end
release(id, delay_ms)
if redis.call('EXISTS', key('job', id)) == 0 then
  return TAKEN
end
redis.call('HSET', key('job', id), 'gave', token)
return TAKEN
