-- Creates posts that differ in their titles.
local load = dofile(os.getenv("BENCH_LUA") .. "/load.lua")
local before, after = os.getenv("BENCH_BODY"):match("^(.*)@(.*)$")
local count = 0

function init()
  wrk.headers["authorization"] = "Bearer " .. load.token
  wrk.headers["content-type"] = "application/json"
end

function request()
  count = count + 1
  return wrk.format("POST", "/api/v1/posts", nil, before .. count .. after)
end

done = load.done
