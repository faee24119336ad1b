#!lua flags=allow-oom
local worker, token, again, wanted = ARGV[2], ARGV[3], ARGV[4] == '1', tonumber(ARGV[5])
local lease_end = text(now + lease_ms)
local leased = {}

-- The source's weight in the ring, and how many of its jobs may be under lease (nil: any number).
local function share_of(source)
  if not shares then
    return 1
  end
  local weight, most = string.match(shares, '\n' .. source .. ' (%d+) (%S+)\n')
  return tonumber(weight or 1), tonumber(most)
end

-- Leases of a source with a limit are counted.
local function hold(id, by, source, most)
  redis.call('HSET', JOB .. id, 'tok', by, 'wid', worker)
  redis.call('ZADD', LEASE, lease_end, id)
  if most then
    redis.call('SADD', ACTIVE .. source, id)
  end
end

-- Each may be reported again, and is answered as before.
local function hear(word, id, by, more)
  local is_holder = field(id, 'tok') == by
  if word == 'done' and is_holder then
    redis.call('ZREM', LEASE, id)
    if shares then
      redis.call('SREM', ACTIVE .. field(id, 'src'), id)
    end
    redis.call('DEL', JOB .. id)
    return TAKEN
  elseif word == 'done' then
    return redis.call('EXISTS', JOB .. id) == 0 and TAKEN or LOST
  elseif word == 'beat' and is_holder then
    redis.call('ZADD', LEASE, lease_end, id)
    return field(id, 'cancel') and CANCELLED or TAKEN
  elseif word == 'back' and is_holder then
    release(id, tonumber(more))
    if redis.call('EXISTS', JOB .. id) == 1 then
      redis.call('HSET', JOB .. id, 'gave', by)
    end
    return TAKEN
  elseif word == 'back' then
    return field(id, 'gave') == by and TAKEN or LOST
  elseif word == 'adopt' and (is_holder or not field(id, 'tok')) then
    take_out(id)
    redis.call('HSET', JOB .. id, 'src', more)
    redis.call('HSETNX', JOB .. id, 'prio', 5)
    local _, most = share_of(more)
    hold(id, by, more, most)
    return TAKEN
  end
  return LOST
end

-- How many more of a source with a limit may be leased. Only leases count, whatever is noted.
local function free_places(source, most)
  local count = redis.call('SCARD', ACTIVE .. source)
  if count < most then
    return most - count
  end
  local ids = redis.call('SMEMBERS', ACTIVE .. source)
  for i, held in ipairs(redis.call('ZMSCORE', LEASE, unpack(ids))) do
    if not held then
      redis.call('SREM', ACTIVE .. source, ids[i])
      count = count - 1
    end
  end
  return most - count
end

-- Leases the first jobs of a source. An id without a hash is dropped.
local function take_from(source, count, most)
  local ids = redis.call('ZPOPMIN', READY .. source, count)
  for i = 1, #ids, 2 do
    if field(ids[i], 'src') == source then
      hold(ids[i], token, source, most)
      leased[#leased + 1] = ids[i]
    end
  end
  return #ids / 2
end

-- Serves the source whose turn it is, and moves it on by what it got: by one for as many jobs as
-- its weight says. One without ready jobs leaves, one at its limit passes; whatever is alone has
-- every turn. False: nothing can be leased.
local passed = 0
local function serve(missing)
  local source, count = redis.call('ZRANGE', RING, 0, 0)[1], redis.call('ZCARD', RING)
  if passed >= math.min(count, A_TURN) then
    return false
  end
  local weight, most = share_of(source)
  local turn = count > 1 and weight or missing
  local chosen = math.min(turn, missing, most and free_places(source, most) or missing)
  local got = chosen > 0 and take_from(source, chosen, most)
  passed = got and 0 or passed + 1
  if got == 0 or count == 1 and got and redis.call('EXISTS', READY .. source) == 0 then
    redis.call('ZREM', RING, source)
  elseif count > 1 then
    redis.call('ZINCRBY', RING, got and got / weight or 1, source)
  end
  return true
end

local verdicts = {}
for i = 6, #ARGV, 4 do
  verdicts[#verdicts + 1] = hear(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
end

-- The jobs that an unanswered call with this token took.
for _, id in ipairs(again and wanted > 0 and redis.call('ZRANGE', LEASE, 0, -1) or {}) do
  if field(id, 'tok') == token then
    hold(id, token)
    leased[#leased + 1] = id
  end
end

-- Half of what is ready is left for others, who are woken for it: they take half of the rest, and
-- so on (C. D. Polychronopoulos and D. J. Kuck, "Guided Self-Scheduling", 1987).
local missing = wanted - #leased
if missing > 1 then
  local ready = 0
  for _, source in ipairs(redis.call('ZRANGE', RING, 0, A_TURN - 1)) do
    ready = ready + redis.call('ZCARD', READY .. source)
    if ready >= 2 * missing then
      break
    end
  end
  missing = math.min(missing, math.max(1, math.ceil(ready / 2)))
end

local enough, is_more = #leased + missing, true
while is_more and #leased < enough do
  is_more = serve(enough - #leased)
end
if not is_more then
  redis.call('DEL', WAKE)
elseif redis.call('EXISTS', RING) == 1 then
  wake()
end
return {verdicts, leased}
