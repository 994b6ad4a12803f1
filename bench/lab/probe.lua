-- probe URL CONNS SECONDS: HTTP checks with a new connection each, CONNS at a time.
local bench = ...
local url, conns, seconds = bench.args()[1], tonumber(bench.args()[2]), tonumber(bench.args()[3])
local probes, ok, start, tasks = 0, 0, sys.clock.mono(), {}
for i = 1, conns do
  tasks[i] = sys.task.spawn(function()
    while sys.clock.mono() - start < seconds * 1000 do
      local answer = sys.http.request { url = url,
        fresh_connection = sys.env.get("LAB_KEEP") ~= "1" }
      probes = probes + 1
      if answer and answer.status == 200 then ok = ok + 1 end
    end
  end)
end
for _, task in ipairs(tasks) do assert(task:join()) end
bench.print { probes = probes, ok = ok, s = (sys.clock.mono() - start) / 1000 }
