-- Sends one GraphQL document over and over. A failure may come with 200, so each answer is looked at too.
local load = dofile(os.getenv("BENCH_LUA") .. "/load.lua")
local wanted
failed = 0

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init()
  wrk.headers["authorization"] = "Bearer " .. load.token
  wrk.headers["content-type"] = "application/json"
  wrk.headers["accept"] = "application/graphql-response+json, application/json"
  wanted = wrk.format("POST", "/graphql", nil, os.getenv("BENCH_BODY"))
end

function request()
  return wanted
end

function response(status, headers, body)
  if body:sub(1, 8) ~= '{"data":' or body:find('"errors":', 1, true) then
    failed = failed + 1
  end
end

function done(summary, latency)
  for _, thread in ipairs(threads) do
    summary.errors.status = summary.errors.status + thread:get("failed")
  end
  load.done(summary, latency)
end
