-- Reads one of the given paths, picked at random for each request.
local load = dofile(os.getenv("BENCH_LUA") .. "/load.lua")
local requests = {}

function init()
  wrk.headers["authorization"] = "Bearer " .. load.token
  for index, path in ipairs(load.lines("BENCH_LINES")) do
    requests[index] = wrk.format("GET", path)
  end
  math.randomseed(tonumber(os.getenv("BENCH_SEED")))
end

function request()
  return requests[math.random(#requests)]
end

done = load.done
