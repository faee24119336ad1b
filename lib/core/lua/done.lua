#!lua flags=allow-oom
local id, token = ARGV[2], ARGV[3]

if redis.call('EXISTS', key('job', id)) == 0 then
  return TAKEN
end
if not is_holder(id, token) then
  return LOST
end
take_out(id)
redis.call('DEL', key('job', id))
return TAKEN
