/**
 * What must be one step on Redis, in Lua. A ledger is four keys with one hash tag: `meta` (epoch, head, floor), `values`
 * (key → `+value`, or `-` for struck), `index` (key by revision) and `until` (key by the time at which it runs out).
 */

/** Seconds for which a struck entry is remembered: longer than any gateway that still matters is cut off. */
const struckTime = 24 * 60 * 60;

/** Milliseconds by the server's clock; forgets what has run out, a thousand entries at most. */
const prelude = `
local meta, values, index, ends = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, key in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, 1000)) do
	if redis.call('HGET', values, key) == '-' then
		local revision = tonumber(redis.call('ZSCORE', index, key))
		local floor = tonumber(redis.call('HGET', meta, 'floor') or '0')
		if revision > floor then redis.call('HSET', meta, 'floor', revision) end
	end
	redis.call('HDEL', values, key)
	redis.call('ZREM', index, key)
	redis.call('ZREM', ends, key)
end
local function revisionOf(key)
	local value = redis.call('HGET', values, key)
	if not value or value == '-' then return 0 end
	local til = redis.call('ZSCORE', ends, key)
	if til and tonumber(til) <= now then return 0 end
	return tonumber(redis.call('ZSCORE', index, key))
end
local function record(key, value, ttl)
	local head = redis.call('HINCRBY', meta, 'head', 1)
	redis.call('HSETNX', meta, 'epoch', ARGV[1])
	redis.call('HSET', values, key, value)
	redis.call('ZADD', index, head, key)
	if ttl then redis.call('ZADD', ends, now + ttl, key) else redis.call('ZREM', ends, key) end
	return head
end
`;

/** ARGV: new epoch, key, value, ttl or '', expected or ''. Gives the revision; 0 when `expected` is not there. */
export const enterScript: string = `${prelude}
if ARGV[5] ~= '' and revisionOf(ARGV[2]) ~= tonumber(ARGV[5]) then return 0 end
return record(ARGV[2], '+' .. ARGV[3], ARGV[4] ~= '' and tonumber(ARGV[4]))
`;

/** ARGV: new epoch, key, expected or ''. Gives the revision; 0 when there is nothing to strike. */
export const strikeScript: string = `${prelude}
local revision = revisionOf(ARGV[2])
if revision == 0 or (ARGV[3] ~= '' and revision ~= tonumber(ARGV[3])) then return 0 end
return record(ARGV[2], '-', ${struckTime * 1000})
`;

/**
 * ARGV: new epoch, epoch and revision of the reader ('' without), limit. Gives epoch, head, 1 for a reset, the revision
 * reached, and key, revision, value for each entry.
 */
export const changesScript: string = `${prelude}
redis.call('HSETNX', meta, 'epoch', ARGV[1])
local epoch = redis.call('HGET', meta, 'epoch')
local head = tonumber(redis.call('HGET', meta, 'head') or '0')
local floor = tonumber(redis.call('HGET', meta, 'floor') or '0')
local from, reset = 0, 0
if ARGV[2] ~= '' then
	from = tonumber(ARGV[3])
	if ARGV[2] ~= epoch or from > head or (from > 0 and from < floor) then from, reset = 0, 1 end
end
local answer = { epoch, head, reset, head }
if from == head then return answer end
local limit = tonumber(ARGV[4])
local found = redis.call('ZRANGEBYSCORE', index, '(' .. from, '+inf', 'LIMIT', 0, limit + 1)
for place, key in ipairs(found) do
	local revision = tonumber(redis.call('ZSCORE', index, key))
	if place > limit then break end
	if #found > limit then answer[4] = revision end
	local til = redis.call('ZSCORE', ends, key)
	if not til or tonumber(til) > now then
		answer[#answer + 1] = key
		answer[#answer + 1] = revision
		answer[#answer + 1] = redis.call('HGET', values, key)
	end
end
return answer
`;

/** A record is its version (36 characters) and its value. KEYS: record. ARGV: expected or '' for none, new record, ttl. */
export const putScript: string = `
local found = redis.call('GET', KEYS[1])
if (found and string.sub(found, 1, 36) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`;

/** KEYS: record. ARGV: expected. */
export const removeScript: string = `
local found = redis.call('GET', KEYS[1])
if not found or string.sub(found, 1, 36) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;
