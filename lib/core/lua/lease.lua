#!lua flags=allow-oom
local worker, token, again = ARGV[2], ARGV[3], ARGV[4] == '1'

local function ended(name)
  return redis.call('ZRANGE', key(name), '-inf', text(now), 'BYSCORE', 'LIMIT', 0, A_TURN)
end

-- The job that an unanswered call with this token took.
local function find_mine()
  for _, id in ipairs(redis.call('ZRANGE', key('lease'), 0, -1)) do
    if is_holder(id, token) then
      return id
    end
  end
end

-- The first job of the source whose turn it is, which then goes to the ring's end.
local function next_ready()
  while true do
    local source = redis.call('ZRANGE', key('ring'), 0, 0)[1]
    if not source then
      return nil
    end
    local id = redis.call('ZPOPMIN', key('ready', source))[1]
    if not id or redis.call('EXISTS', key('ready', source)) == 0 then
      redis.call('ZREM', key('ring'), source)
    else
      local last = redis.call('ZRANGE', key('ring'), -1, -1, 'WITHSCORES')[2]
      redis.call('ZADD', key('ring'), text(last + 1), source)
    end
    if id and redis.call('HGET', key('job', id), 'src') == source then
      return id, source
    end
  end
end

for _, name in ipairs({'delayed', 'lease'}) do
  for _, id in ipairs(ended(name)) do
    release(id, 0)
  end
end

local id = again and find_mine()
local source = id and redis.call('HGET', key('job', id), 'src')
if not id then
  id, source = next_ready()
end
if not id then
  return false
end
hold(id, source, token, worker)
return id
