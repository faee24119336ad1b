#!lua
local id, source, priority, delay_ms = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])

if stands_somewhere(id) then
  return 0
end
take_out(id)
redis.call('DEL', key('job', id))
redis.call('HSET', key('job', id), 'src', source, 'prio', text(priority))
make_ready_or_delayed(id, source, priority, delay_ms)
return 1
