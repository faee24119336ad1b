#!lua flags=allow-oom
local answer = {redis.call('INCR', key('gen'))}
for i = 2, #ARGV do
  answer[i] = stands_somewhere(ARGV[i]) and 1 or 0
end
return answer
