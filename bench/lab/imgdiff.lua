-- imgdiff A.png B.png: decode both (two threads), compare. Equal files need no decoding.
local bench = ...
local a, b = assert(sys.files.read(bench.args()[1])), assert(sys.files.read(bench.args()[2]))
if a == b then return bench.print { diff_pixels = 0 } end
local first = sys.task.spawn(sys.image.decode, a)
local second = assert(sys.image.decode(b))
local _, decoded = first:join()
bench.print { diff_pixels = sys.image.diff(decoded, second).different }
