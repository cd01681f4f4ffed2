-- The decisions of the quota store. Redis runs a script as one atomic command.
--
-- KEYS has three entries for each key of the quota:
--   counts    a hash: the version of this state, the sum of the reserved or used tokens, and the tokens of each request
--   requests  a sorted set: the ids of the requests of the last minute, with their times of admission
--   leases    a sorted set: the ids of the concurrent requests, with the times at which their leases expire
--
-- ARGV: command, time, id of the request, and the arguments of the command. Times are microseconds. Without a time, the
-- clock of the server decides, so the clocks of the clients do not matter.
local VERSION = '1'
local command, now, id = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

-- Redis would write large numbers with an exponent. The sum with 0 is never the number -0, which is not an integer for
-- Redis.
local function int(number)
  return string.format('%.0f', number + 0)
end

for i = 1, #KEYS, 3 do
  local version = redis.call('HGET', KEYS[i], 'version')
  if version and version ~= VERSION then
    return {'version', int((i - 1) / 3), version, VERSION}
  end
end

-- Removes the state of idle keys. The set of requests must not expire before the hash, because the hash would then
-- keep the tokens of these requests. Another process may use longer leases, so the state never expires earlier than
-- the set of leases expires now.
local function expire(i, duration)
  local milliseconds = math.max(math.ceil(duration / 1000), redis.call('PTTL', KEYS[i + 2]) - 1000)
  redis.call('PEXPIRE', KEYS[i], int(milliseconds + 1000))
  redis.call('PEXPIRE', KEYS[i + 1], int(milliseconds + 2000))
  redis.call('PEXPIRE', KEYS[i + 2], int(milliseconds + 1000))
end

-- Ends a request: `unknown`, `not_sent`, or the number of used tokens.
if command == 'end' then
  local outcome = ARGV[4]
  for i = 1, #KEYS, 3 do
    local counts, requests, leases = KEYS[i], KEYS[i + 1], KEYS[i + 2]
    redis.call('ZREM', leases, id)
    local reserved = redis.call('HGET', counts, id)
    if reserved and outcome == 'not_sent' then
      redis.call('ZREM', requests, id)
      redis.call('HDEL', counts, id)
      redis.call('HINCRBY', counts, 'tokens', int(-reserved))
    elseif reserved and outcome ~= 'unknown' then
      redis.call('HSET', counts, id, outcome)
      redis.call('HINCRBY', counts, 'tokens', int(outcome - reserved))
    end
  end
  return {'done'}
end

local lease, window = tonumber(ARGV[4]), tonumber(ARGV[5])

-- Renews the lease of a request. The request holds its lease again if the lease expired or the server lost it.
if command == 'renew' then
  for i = 1, #KEYS, 3 do
    redis.call('ZADD', KEYS[i + 2], int(now + lease), id)
    expire(i, math.max(lease, window))
  end
  return {'done'}
end

-- Returns the time at which the oldest requests with `excess` tokens no longer count.
local function freed_at(counts, requests, excess)
  local first, freed = 0, 0
  while true do
    local oldest = redis.call('ZRANGE', requests, first, first + 49)
    if #oldest == 0 then
      return now + window
    end
    -- One command for 50 requests, because a script with one command for each request takes three times as long.
    for j, tokens in ipairs(redis.call('HMGET', counts, unpack(oldest))) do
      freed = freed + (tokens or 0)
      if freed >= excess then
        return redis.call('ZSCORE', requests, oldest[j]) + window
      end
    end
    first = first + 50
  end
end

-- Acquires a reservation: all keys admit the request, or it counts against no key.
local reserved = tonumber(ARGV[6])
local blocked, blocked_until
local function block(i, limit, time)
  -- The end of another request has no known time, so it is later than every other time.
  if not blocked or (blocked_until and (not time or time >= blocked_until)) then
    blocked, blocked_until = {'blocked', int((i - 1) / 3), limit}, time
  end
end

for i = 1, #KEYS, 3 do
  local counts, requests, leases = KEYS[i], KEYS[i + 1], KEYS[i + 2]
  local max_concurrency, max_requests, max_tokens = tonumber(ARGV[i + 6]), tonumber(ARGV[i + 7]), tonumber(ARGV[i + 8])
  if max_concurrency then
    redis.call('ZREMRANGEBYSCORE', leases, '-inf', int(now))
    if redis.call('ZCARD', leases) >= max_concurrency then
      block(i, 'concurrency', nil)
    end
  end
  if max_requests or max_tokens then
    while true do
      -- `unpack` has a limit of some thousand values.
      local expired = redis.call('ZRANGEBYSCORE', requests, '-inf', int(now - window), 'LIMIT', 0, 500)
      if #expired == 0 then
        break
      end
      local freed = 0
      for _, tokens in ipairs(redis.call('HMGET', counts, unpack(expired))) do
        freed = freed + (tokens or 0)
      end
      redis.call('ZREM', requests, unpack(expired))
      redis.call('HDEL', counts, unpack(expired))
      redis.call('HINCRBY', counts, 'tokens', int(-freed))
    end
    local count = redis.call('ZCARD', requests)
    local tokens = tonumber(redis.call('HGET', counts, 'tokens') or 0)
    if count == 0 and tokens ~= 0 then
      -- The server has evicted the set of requests.
      redis.call('DEL', counts)
      tokens = 0
    end
    if max_requests and count >= max_requests then
      local last_to_expire = redis.call('ZRANGE', requests, count - max_requests, count - max_requests, 'WITHSCORES')
      block(i, 'requests', last_to_expire[2] + window)
    end
    if max_tokens and tokens + reserved > max_tokens then
      block(i, 'tokens', freed_at(counts, requests, tokens + reserved - max_tokens))
    end
  end
end

if blocked then
  blocked[4] = blocked_until and int(blocked_until - now) or ''
  return blocked
end
for i = 1, #KEYS, 3 do
  local counts, requests, leases = KEYS[i], KEYS[i + 1], KEYS[i + 2]
  redis.call('HSET', counts, 'version', VERSION)
  if ARGV[i + 6] ~= '' then
    redis.call('ZADD', leases, int(now + lease), id)
  end
  if ARGV[i + 7] ~= '' or ARGV[i + 8] ~= '' then
    redis.call('ZADD', requests, int(now), id)
    redis.call('HSET', counts, id, ARGV[6])
    redis.call('HINCRBY', counts, 'tokens', ARGV[6])
  end
  expire(i, math.max(lease, window))
end
return {'admitted'}
