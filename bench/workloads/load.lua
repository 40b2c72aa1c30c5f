-- What the load scripts share: the lines of a file, fixed headers, and the summary as one line of JSON.
local load = {}

load.token = os.getenv("BENCH_TOKEN")

function load.lines(name)
  local lines = {}
  for line in io.lines(os.getenv(name)) do
    lines[#lines + 1] = line
  end
  return lines
end

function load.done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50Us":%d,"p99Us":%d,"badStatuses":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end

return load
