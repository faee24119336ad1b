#!lua flags=allow-oom
if ARGV[2] == '' then
  redis.call('DEL', prefix .. 'shares')
else
  redis.call('SET', prefix .. 'shares', ARGV[2])
end
return TAKEN
