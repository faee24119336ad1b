-- What is made here is made with every call: few functions, and what is rarely needed is not one.
local lease_ms = tonumber(ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local TAKEN, CANCELLED, LOST = 1, 2, -1
local TEND_MS = 100
local A_TURN = 100

local prefix = KEYS[1]
local JOB, READY, ACTIVE = prefix .. 'job:', prefix .. 'ready:', prefix .. 'active:'
local LEASE, DELAYED = prefix .. 'lease', prefix .. 'delayed'
local RING, WAKE = prefix .. 'ring', prefix .. 'wake'

-- tostring() loses digits of times.
local function text(number)
  return string.format('%d', number)
end

local function field(id, name)
  return redis.call('HGET', JOB .. id, name)
end

-- One token for all that is ready: who takes it takes a turn, and that puts a new one there where
-- something is left.
local function wake()
  if redis.call('LLEN', WAKE) == 0 then
    redis.call('LPUSH', WAKE, 1)
  end
end

-- A source that is not in the ring comes last in this round.
local function join_ring(source)
  local last = redis.call('ZRANGE', RING, -1, -1, 'WITHSCORES')[2]
  redis.call('ZADD', RING, 'NX', last or 1, source)
end

local function rank(priority)
  return (9 - priority) * 1e13 + now
end

-- Out of wherever it stands; the hash stays.
local function take_out(id)
  local source = field(id, 'src') or ''
  redis.call('ZREM', LEASE, id)
  redis.call('ZREM', DELAYED, id)
  redis.call('ZREM', READY .. source, id)
  redis.call('SREM', ACTIVE .. source, id)
end

-- Puts a job back among those that wait; a cancelled one goes.
local function release(id, delay_ms)
  local source = field(id, 'src')
  take_out(id)
  if not source or field(id, 'cancel') then
    redis.call('DEL', JOB .. id)
    return
  end
  redis.call('HDEL', JOB .. id, 'tok', 'wid')
  if delay_ms > 0 then
    redis.call('ZADD', DELAYED, text(now + delay_ms), id)
    return
  end
  local priority = tonumber(field(id, 'prio')) or 0
  redis.call('ZADD', READY .. source, text(rank(priority)), id)
  join_ring(source)
  wake()
end

local about = redis.call('MGET', prefix .. 'installation', prefix .. 'seen', prefix .. 'shares')
if installation ~= '' and about[1] ~= installation then
  if about[1] then
    return redis.error_reply('FOREIGN the keys ' .. prefix .. '* are of another installation: ' ..
      'its jobs are in another PostgreSQL. Set redis_prefix; or, if that one is gone, delete them')
  end
  redis.call('SET', prefix .. 'installation', installation)
end
local shares = about[3]

-- What time has done since a script last looked: a pause, waits that are over, leases that ended.
local since = now - (tonumber(about[2]) or 0)
if math.abs(since) >= TEND_MS then
  redis.call('SET', prefix .. 'seen', text(now))
  if since < -1000 then
    for _, id in ipairs(redis.call('ZRANGE', DELAYED, 0, -1)) do
      redis.call('ZINCRBY', DELAYED, text(since), id)
    end
  end
  if since < -1000 or since > lease_ms / 2 then
    for _, id in ipairs(redis.call('ZRANGE', LEASE, 0, -1)) do
      redis.call('ZADD', LEASE, text(now + lease_ms), id)
    end
  end
  for _, name in ipairs({DELAYED, LEASE}) do
    local due = redis.call('ZRANGE', name, '-inf', text(now), 'BYSCORE', 'LIMIT', 0, A_TURN)
    for _, id in ipairs(due) do
      release(id, 0)
    end
  end
end
