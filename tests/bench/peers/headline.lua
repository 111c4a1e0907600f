-- wrk script: posts one news headline a request as {"input": "..."}, in turn from the list below.
-- Measures a server's request rate and latency; works against constant_server as against serve:
--
--   wrk -t1 -c32 -d5 --latency -s headline.lua http://127.0.0.1:PORT/invocations
--
-- After wrk's own text comes one line of JSON: requests/s, latency percentiles in microseconds, and
-- how many requests failed or were answered with an error status.

local headlines = {
  "Central bank holds rates as inflation cools for third month",
  "Carmaker recalls 1.2 million vehicles over faulty ignition switch",
  "Oil slips below $100 as supply fears ease",
  "UPDATE 2-Retailer cuts full-year outlook, shares tumble 9 percent",
  "Airline and pilots reach tentative deal to avert strike",
  "Start-up raises $40 million to bring credit checks to small firms",
  "US jobless claims fall to lowest level since 2007",
  "Coffee giant to open 300 stores in China next year",
  "Regulators fine bank for misleading mortgage investors",
  "Euro zone factory growth slows; France contracts again",
  "Billionaire's fund builds stake in struggling department store",
  "Wheat jumps to 14-month high on Black Sea tension",
  "Drugmaker rejects \"inadequate\" takeover offer from rival",
  "Dollar steady ahead of Fed minutes, yen edges lower  ...",
  "Singer announces surprise album and 40-date world tour",
  "Review: A heist film with more charm than sense",
  "Reality star and footballer tie the knot in Tuscan castle",
  "Fantasy drama's finale draws record 9.3 million viewers",
  "Late-night host says goodbye after twenty-one years",
  "Actor apologises for remarks at film festival dinner",
  "Who wore it best? The red carpet's ten boldest gowns",
  "Comic-book sequel tops box office for second weekend",
  "Rapper's new video pulled after complaints from fans",
  "Beyond the encore: backstage with the summer's biggest band",
  "Oscar winner to play chess champion in upcoming biopic",
  "Pop star's father: \"She is resting and doing fine\"",
  "Cast of 90s sitcom reunites for charity special",
  "Beloved children's author dies at 86",
  "Novelist's lost letters to be sold at auction in June",
  "Phone maker unveils larger screen and all-day battery",
  "Search engine must honour requests to be forgotten, court rules",
  "Probe sends first close-up pictures of icy moon",
  "Security flaw leaves millions of routers open to attack",
  "Self-driving cars take to city streets for winter trials",
  "Console price cut sparks holiday sales battle",
  "Scientists sequence genome of the domestic tomato's wild cousin",
  "Messaging app hits half a billion users, adds voice calls",
  "Smartwatch review: handsome, clever, and flat by dinner",
  "Fossil of giant flightless bird found in quarry",
  "Browser update warns before a site records your microphone",
  "Telescope spots most distant galaxy yet",
  "Chipmaker bets on tiny sensors for the connected home",
  "Why walking after lunch may lower your blood sugar",
  "Measles cases reach highest level in two decades",
  "Study links night shifts to higher risk of heart disease",
  "Health agency urges travellers to check polio vaccination",
  "New blood test could spot pancreatic cancer earlier",
  "Hospital tests app that reminds patients to take their pills",
  "Is sugar the new tobacco? Experts disagree",
  "Outbreak of rare virus confirmed in two more countries",
  "Coffee drinkers may live longer, large survey suggests",
  "Caf\195\169 chain drops additive after na\195\175ve \226\128\156clean label\226\128\157 campaign",
}

local function json_string(text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

local requests = {}
local turn = 0

function init()
  local headers = { ["Content-Type"] = "application/json" }
  for i, headline in ipairs(headlines) do
    requests[i] = wrk.format("POST", nil, headers, '{"input": ' .. json_string(headline) .. "}")
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests_per_second": %.0f, "p50_us": %.0f, "p99_us": %.0f, "max_us": %.0f, '
      .. '"requests": %d, "failed": %d, "error_statuses": %d}\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50), latency:percentile(99),
    latency.max, summary.requests, errors.connect + errors.read + errors.write + errors.timeout,
    errors.status))
end
