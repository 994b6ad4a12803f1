-- json FILE SECONDS: decode and encode one document over and over.
local bench = ...
local text, seconds = assert(sys.files.read(bench.args()[1])), tonumber(bench.args()[2])

local function rate(fn, value, bytes)
  local count, start = 0, sys.clock.mono()
  repeat
    fn(value)
    count = count + 1
  until sys.clock.mono() - start > seconds * 1000
  return count * bytes / 1e6 / ((sys.clock.mono() - start) / 1000)
end

local value = assert(sys.codec.json_decode(text))
local encoded = sys.codec.json_encode(value)
bench.print { decode_mb_s = rate(sys.codec.json_decode, text, #text),
  encode_mb_s = rate(sys.codec.json_encode, value, #encoded) }
