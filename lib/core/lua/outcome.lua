-- Outcomes of reload requests, each for whoever asked, unless a newer one is there.
-- KEYS: where. ARGV: seconds that they are kept; then for each the outcome, and when its state
-- changed, 0: not known.

local function newest_us(key)
  local before = redis.call('GET', key)
  local is_json, said = pcall(cjson.decode, before or '{}')
  return is_json and type(said) == 'table' and tonumber(said.changed_us) or 0
end

for i, key in ipairs(KEYS) do
  local outcome, changed_us = ARGV[2 * i], tonumber(ARGV[2 * i + 1])
  if changed_us == 0 or newest_us(key) <= changed_us then
    redis.call('SET', key, outcome, 'EX', ARGV[1])
  end
end
return #KEYS
