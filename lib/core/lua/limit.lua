#!lua flags=allow-oom
-- Places for requests under one or several limits: docs/limits.md. Not of the queue: it is sent as it is.
local worker, lease_ms, want = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1e6 + clock[2]
local AHEAD, WAITS_MS, TOLD_MAX, TOLD_MS = 1e7, 2000, 1000, 86400000
local FIELDS = 7 -- of a limit in ARGV

local function text(number)
  return string.format('%.0f', number)
end

-- What the workers hold of a limit, and which of them wait for more; those that are gone go.
local function read_workers(limit)
  local all = redis.call('HGETALL', limit.key)
  for i = 1, #all, 2 do
    local held, since, seen = string.match(all[i + 1], '^(%d+) (%d+) (%d+)$')
    if held and now / 1e3 - seen > lease_ms then
      redis.call('HDEL', limit.key, all[i])
    elseif held and all[i] == worker then
      limit.had = tonumber(held)
      limit.since = now / 1e3 - seen < WAITS_MS and tonumber(since) or 0
    elseif held then
      limit.others = limit.others + held
      limit.rivals[#limit.rivals + 1] =
        {since = tonumber(since), waits = tonumber(since) > 0 and now / 1e3 - seen < WAITS_MS}
    end
  end
end

-- How many of the limit's slots this worker may take: others have waited for longer.
local function free_slots(limit)
  local free = limit.concurrency - limit.others - limit.held
  for _, rival in ipairs(limit.rivals) do
    if rival.waits and (limit.since == 0 or rival.since < limit.since) then
      free = free - 1
    end
  end
  return math.max(free, 0)
end

local limits, slots = {}, want
for at = 4, #ARGV, FIELDS do
  local limit = {name = ARGV[at], key = KEYS[1] .. 'limit:' .. ARGV[at],
    interval = tonumber(ARGV[at + 1]), burst = tonumber(ARGV[at + 2]),
    concurrency = tonumber(ARGV[at + 3]), held = tonumber(ARGV[at + 4]),
    had = 0, since = 0, others = 0, rivals = {}}
  -- What the worker knows counts where nothing is known here, or where it was alone meanwhile.
  local tat, ahead = redis.call('HGET', limit.key, 'tat'), now + ARGV[at + 5]
  limit.tat = (not tat or ARGV[at + 6] == '1') and math.max(tonumber(tat or 0), ahead) or tonumber(tat)
  if limit.concurrency > 0 then
    read_workers(limit)
    slots = math.min(slots, free_slots(limit))
  end
  limits[#limits + 1] = limit
end

-- When the next request may start, by the slowest of the limits.
local function next_place()
  local at = now
  for _, limit in ipairs(limits) do
    if limit.interval > 0 then
      at = math.max(at, limit.tat + limit.interval - limit.burst)
    end
  end
  return at
end

local places, wait = {}, 0
while #places < slots do
  local at = next_place()
  if at - now > AHEAD then
    wait = at - now
    break
  end
  for _, limit in ipairs(limits) do
    if limit.interval > 0 then
      limit.tat = math.max(limit.tat, at) + limit.interval
    end
  end
  places[#places + 1] = at - now
end

local is_full = slots < want and wait == 0

-- Those that wait are told that a slot is free.
local function tell_free(limit)
  for _, rival in ipairs(limit.rivals) do
    if rival.waits then
      redis.call('XADD', KEYS[1] .. 'told', 'MAXLEN', '~', TOLD_MAX, '*', 'free', limit.name)
      redis.call('PEXPIRE', KEYS[1] .. 'told', TOLD_MS)
      return
    end
  end
end

local function keep_worker(limit)
  local held = limit.held + #places
  if held == 0 and not is_full then
    redis.call('HDEL', limit.key, worker)
  else
    local has_waited = #places == 0 and limit.since > 0
    local since = not is_full and 0 or has_waited and limit.since or now
    redis.call('HSET', limit.key, worker, text(held) .. ' ' .. text(since) .. ' ' .. text(now / 1e3))
  end
  if held < limit.had then
    tell_free(limit)
  end
end

local answer = {is_full and 1 or 0, wait}
for _, limit in ipairs(limits) do
  if limit.concurrency > 0 then
    keep_worker(limit)
  end
  if limit.interval > 0 and limit.tat > now then
    redis.call('HSET', limit.key, 'tat', text(limit.tat))
  end
  redis.call('PEXPIRE', limit.key, text(math.max(limit.tat - now, 0) / 1e3 + lease_ms))
  answer[#answer + 1] = limit.tat - now
end
for _, place in ipairs(places) do
  answer[#answer + 1] = place
end
return answer
