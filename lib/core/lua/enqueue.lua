#!lua

-- A ready job is found by the ring alone: without its source there it would wait for ever.
local function is_ready(id, source)
  return redis.call('ZSCORE', READY .. source, id) and redis.call('ZSCORE', RING, source)
end

local function is_held(id, silent)
  return redis.call('ZSCORE', LEASE, id) and (silent == '' or field(id, 'wid') ~= silent)
end

-- A cancelled job that is still held counts as gone: it may be put here anew. So does one that is
-- held by a worker of which PostgreSQL has heard nothing for long.
local function stands_somewhere(id, source, silent)
  return not field(id, 'cancel') and (is_held(id, silent) or
    redis.call('ZSCORE', DELAYED, id) or is_ready(id, source))
end

-- HSET says how many of the fields are new: both, where the job is.
local function is_known(id, source, priority, silent)
  local name = JOB .. id
  if redis.call('HSET', name, 'src', source, 'prio', priority) == 2 then
    return false
  elseif stands_somewhere(id, source, silent) then
    return true
  end
  take_out(id)
  redis.call('DEL', name)
  redis.call('HSET', name, 'src', source, 'prio', priority)
  return false
end

local fresh, ready, order = {}, {}, 0
for i = 2, #ARGV, 5 do
  if not is_known(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 4]) then
    fresh[#fresh + 1] = i
  end
end

-- One whose hash was lost may stand somewhere still.
local ids = {}
for n, i in ipairs(fresh) do
  ids[n] = ARGV[i]
end
if #ids > 0 then
  redis.call('ZREM', LEASE, unpack(ids))
  redis.call('ZREM', DELAYED, unpack(ids))
end

-- Of jobs that come together the first come first: by steps as fine as a score can hold.
for n, i in ipairs(fresh) do
  local source, delay_ms = ARGV[i + 1], tonumber(ARGV[i + 3])
  if delay_ms > 0 then
    redis.call('ZADD', DELAYED, text(now + delay_ms), ids[n])
  else
    local list = ready[source] or {}
    list[#list + 1] = string.format('%.6f', rank(ARGV[i + 2]) + order / 64)
    list[#list + 1] = ids[n]
    ready[source], order = list, order + 1
  end
end
for source, list in pairs(ready) do
  redis.call('ZADD', READY .. source, unpack(list))
  join_ring(source)
end
if order > 0 then
  wake()
end
return #fresh
