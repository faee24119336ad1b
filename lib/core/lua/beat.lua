#!lua flags=allow-oom
local id, token = ARGV[2], ARGV[3]

if not is_holder(id, token) then
  return LOST
end
redis.call('ZADD', key('lease'), text(now + lease_ms), id)
return is_cancelled(id) and CANCELLED or TAKEN
