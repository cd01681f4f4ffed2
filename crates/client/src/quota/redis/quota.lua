-- The decisions of the quota store. Redis runs a script as one atomic command.
--
-- KEYS has four entries for each key of the quota:
--   counts    a hash: the version of this state, the sum of the reserved or used tokens, and the tokens of each request
--   requests  a sorted set: the ids of the requests of the last minute, with their times of admission
--   leases    a sorted set: the ids of the concurrent requests, with the times at which their leases expire
--   budget    a hash: the number of the current period of the budget, the sum of the used and reserved amounts, and the
--             reserved amounts of the requests of this period that have not ended. It exists if the key has a budget.
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

for i = 1, #KEYS, 4 do
  local version = redis.call('HGET', KEYS[i], 'version')
  if version and version ~= VERSION then
    return {'version', int((i - 1) / 4), version, VERSION}
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

-- Ends a request: `unknown`, `not_sent`, or the number of used tokens. After it, the used amount of each key's budget.
if command == 'end' then
  local outcome = ARGV[4]
  for i = 1, #KEYS, 4 do
    local budget, of_budget = KEYS[i + 3], redis.call('HGET', KEYS[i + 3], id)
    if of_budget then
      redis.call('HDEL', budget, id)
      if outcome == 'not_sent' then
        redis.call('HINCRBY', budget, 'used', int(-of_budget))
      elseif outcome ~= 'unknown' then
        redis.call('HINCRBY', budget, 'used', int(ARGV[5 + (i - 1) / 4] - of_budget))
      end
    end
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
  for i = 1, #KEYS, 4 do
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

-- Returns the number of the period that contains the time, and the time after which its state is not needed. The month
-- is the month of https://howardhinnant.github.io/date_algorithms.html#civil_from_days.
local function period_number(period)
  local days = math.floor(now / 86400000000)
  if period == 'day' then
    return days, 2 * 86400000
  elseif period == 'total' then
    return 0, nil
  end
  days = days + 719468
  local era, day = math.floor(days / 146097), days % 146097
  local year = math.floor(
    (day - math.floor(day / 1460) + math.floor(day / 36524) - math.floor(day / 146096)) / 365)
  local day_of_year = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  return (era * 400 + year) * 12 + math.floor((5 * day_of_year + 2) / 153) + 2, 33 * 86400000
end

-- Acquires a reservation: all keys admit the request, or it counts against no key.
local reserved = tonumber(ARGV[6])
local blocked, blocked_until
local function block(i, limit, time)
  -- The end of another request has no known time, so it is later than every other time.
  if not blocked or (blocked_until and (not time or time >= blocked_until)) then
    blocked, blocked_until = {'blocked', int((i - 1) / 4), limit}, time
  end
end

-- The arguments of each key: the three limits, the amount and the period of its budget, and the amount to reserve.
local function arguments(i)
  local first = 7 + (i - 1) / 4 * 6
  return tonumber(ARGV[first]), tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2]), tonumber(ARGV[first + 3]),
    ARGV[first + 4], ARGV[first + 5]
end

for i = 1, #KEYS, 4 do
  local _, _, _, amount, period, of_budget = arguments(i)
  if amount then
    local number = period_number(period)
    local state = redis.call('HMGET', KEYS[i + 3], 'period', 'used')
    -- If the clock is set back, the current period goes on.
    local used = tonumber(number > tonumber(state[1] or 0) and 0 or state[2] or 0)
    if used >= amount or used + of_budget > amount then
      return {'over_budget', int((i - 1) / 4), int(used)}
    end
  end
end

for i = 1, #KEYS, 4 do
  local counts, requests, leases = KEYS[i], KEYS[i + 1], KEYS[i + 2]
  local max_concurrency, max_requests, max_tokens = arguments(i)
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
for i = 1, #KEYS, 4 do
  local counts, requests, leases, budget = KEYS[i], KEYS[i + 1], KEYS[i + 2], KEYS[i + 3]
  local max_concurrency, max_requests, max_tokens, amount, period, of_budget = arguments(i)
  redis.call('HSET', counts, 'version', VERSION)
  if amount then
    local number, keep = period_number(period)
    if number > tonumber(redis.call('HGET', budget, 'period') or -1) then
      redis.call('DEL', budget)
      redis.call('HSET', budget, 'period', int(number))
    end
    redis.call('HINCRBY', budget, 'used', of_budget)
    redis.call('HSET', budget, id, of_budget)
    if keep then
      redis.call('PEXPIRE', budget, int(keep))
    end
  end
  if max_concurrency then
    redis.call('ZADD', leases, int(now + lease), id)
  end
  if max_requests or max_tokens then
    redis.call('ZADD', requests, int(now), id)
    redis.call('HSET', counts, id, ARGV[6])
    redis.call('HINCRBY', counts, 'tokens', ARGV[6])
  end
  expire(i, math.max(lease, window))
end
return {'admitted'}
