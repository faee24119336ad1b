-- The outcome of a reload request, for whoever asked for it. 0: a newer one is there, and stays.
-- KEYS: where. ARGV: the outcome; when its state changed, 0: not known; seconds that it is kept.
local before, changed_us = redis.call('GET', KEYS[1]), tonumber(ARGV[2])
local is_json, said = pcall(cjson.decode, before or '')
local newest_us = is_json and type(said) == 'table' and tonumber(said.changed_us) or 0

if changed_us > 0 and newest_us > changed_us then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return 1
