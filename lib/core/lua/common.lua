local lease_ms = tonumber(ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local TAKEN, CANCELLED, LOST = 1, 2, -1
local A_TURN = 100
local WAKE_MAX = 64

-- tostring() loses digits of times.
local function text(number)
  return string.format('%.0f', number)
end

local function key(name, rest)
  return KEYS[1] .. name .. (rest and ':' .. rest or '')
end

local function renew_all_leases()
  for _, id in ipairs(redis.call('ZRANGE', key('lease'), 0, -1)) do
    redis.call('ZADD', key('lease'), text(now + lease_ms), id)
  end
end

local function move_delays(ms)
  local delayed = redis.call('ZRANGE', key('delayed'), 0, -1)
  for _, id in ipairs(delayed) do
    redis.call('ZINCRBY', key('delayed'), text(ms), id)
  end
end

local function look_for_pause()
  local seen = tonumber(redis.call('GET', key('seen')) or now)
  redis.call('SET', key('seen'), text(now))
  if seen - now > 1000 then
    move_delays(now - seen)
    renew_all_leases()
  elseif now - seen > lease_ms / 2 then
    renew_all_leases()
  end
end

local function make_ready(id, source, priority)
  redis.call('ZADD', key('ready', source), text((9 - priority) * 1e13 + now), id)
  local last = redis.call('ZRANGE', key('ring'), -1, -1, 'WITHSCORES')[2]
  redis.call('ZADD', key('ring'), 'NX', text((last or 0) + 1), source)
  if redis.call('LLEN', key('wake')) < WAKE_MAX then
    redis.call('LPUSH', key('wake'), id)
  end
end

local function make_ready_or_delayed(id, source, priority, delay_ms)
  if delay_ms > 0 then
    redis.call('ZADD', key('delayed'), text(now + delay_ms), id)
  else
    make_ready(id, source, priority)
  end
end

-- Out of wherever it stands; the hash stays.
local function take_out(id)
  redis.call('ZREM', key('lease'), id)
  redis.call('ZREM', key('delayed'), id)
  local source = redis.call('HGET', key('job', id), 'src')
  if source then
    redis.call('ZREM', key('ready', source), id)
    redis.call('SREM', key('active', source), id)
  end
end

local function is_cancelled(id)
  return redis.call('HEXISTS', key('job', id), 'cancel') == 1
end

-- A ready job is found by the ring alone: without its source there it would wait for ever.
local function is_ready(id, source)
  return redis.call('ZSCORE', key('ready', source), id) and
    redis.call('ZSCORE', key('ring'), source)
end

-- A cancelled job that is still held counts as gone: it may be put here anew.
local function stands_somewhere(id)
  local source = redis.call('HGET', key('job', id), 'src')
  return source and not is_cancelled(id) and (redis.call('ZSCORE', key('lease'), id) or
    redis.call('ZSCORE', key('delayed'), id) or is_ready(id, source))
end

local function is_holder(id, token)
  return redis.call('HGET', key('job', id), 'tok') == token
end

local function hold(id, source, token, worker)
  redis.call('HSET', key('job', id), 'tok', token, 'wid', worker)
  redis.call('HDEL', key('job', id), 'gave')
  redis.call('ZADD', key('lease'), text(now + lease_ms), id)
  redis.call('SADD', key('active', source), id)
end

-- Ends the lease and puts the job back among those that wait; a cancelled one goes.
local function release(id, delay_ms)
  local job = redis.call('HMGET', key('job', id), 'src', 'prio')
  take_out(id)
  if is_cancelled(id) then
    redis.call('DEL', key('job', id))
    return
  end
  redis.call('HDEL', key('job', id), 'tok', 'wid')
  if job[1] then
    make_ready_or_delayed(id, job[1], tonumber(job[2]) or 0, delay_ms)
  end
end

-- Of an installation that is not ours: an error for the caller, and nothing is done.
local function find_other_owner()
  local owner = redis.call('GET', key('installation'))
  if not owner and installation ~= '' then
    redis.call('SET', key('installation'), installation)
  elseif installation ~= '' and owner ~= installation then
    return redis.error_reply('FOREIGN the keys ' .. KEYS[1] .. '* are of another installation: ' ..
      'its jobs are in another PostgreSQL. Set redis_prefix; or, if that one is gone, delete them')
  end
end

local refusal = find_other_owner()
if refusal then
  return refusal
end
look_for_pause()
