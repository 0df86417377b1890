-- What follows is the same for every build.
--
-- Frames are put together from the packets of a connection here, as Wireshark does so for TCP
-- only. Nothing that a capture holds is trusted: lengths are checked before anything is read.

local HEADER = 10
local LARGEST = 4 * 1024 * 1024
local MONITOR_HEADER = 32
local OP_CONNECT, OP_PAYLOAD = 1, 4
local REQUEST, RESPONSE, DATA = 1, 2, 3
local DEEPEST = 100
-- How many fields of one frame are shown. Wireshark refuses a million of them.
local MOST_FIELDS = 20000

local ttrpc = Proto("ttrpc", "ttRPC of a Kata Containers agent")
ttrpc.prefs.port = Pref.uint("Port of the agent", 1024, "The vsock port that the agent listens on")

local TYPES = { [REQUEST] = "request", [RESPONSE] = "response", [DATA] = "data" }
local f = {
  length = ProtoField.uint32("ttrpc.length", "Length"),
  stream = ProtoField.uint32("ttrpc.stream", "Stream"),
  type = ProtoField.uint8("ttrpc.type", "Type", base.DEC, TYPES),
  flags = ProtoField.uint8("ttrpc.flags", "Flags", base.HEX),
  service = ProtoField.string("ttrpc.service", "Service"),
  method = ProtoField.string("ttrpc.method", "Method"),
  timeout = ProtoField.int64("ttrpc.timeout_nano", "Time limit in ns"),
  key = ProtoField.string("ttrpc.metadata.key", "Metadata key"),
  value = ProtoField.string("ttrpc.metadata.value", "Metadata value"),
  code = ProtoField.int32("ttrpc.status.code", "Status", base.DEC, STATUS),
  message = ProtoField.string("ttrpc.status.message", "Status message"),
  detail = ProtoField.string("ttrpc.status.details.type_url", "Type of the status's detail"),
  payload = ProtoField.bytes("ttrpc.payload", "Payload"),
  request_in = ProtoField.framenum("ttrpc.request_in", "Request in", base.NONE, frametype.REQUEST),
  time = ProtoField.double("ttrpc.time", "Seconds since the request"),
  continued = ProtoField.bytes("ttrpc.part", "Part of a frame"),
  other = ProtoField.bytes("ttrpc.other", "Bytes that are not ttRPC"),
}
local malformed = ProtoExpert.new(
  "ttrpc.malformed", "Not as the protos say", expert.group.MALFORMED, expert.severity.WARN)
local failed = ProtoExpert.new(
  "ttrpc.failed", "The agent answered an error", expert.group.RESPONSE_CODE, expert.severity.NOTE)
ttrpc.experts = { malformed, failed }

-- Each field of each message is a field of Wireshark's too.
local MAKE = {
  double = ProtoField.double, float = ProtoField.float, bool = ProtoField.bool,
  int32 = ProtoField.int32, sint32 = ProtoField.int32, sfixed32 = ProtoField.int32,
  uint32 = ProtoField.uint32, fixed32 = ProtoField.uint32,
  int64 = ProtoField.int64, sint64 = ProtoField.int64, sfixed64 = ProtoField.int64,
  uint64 = ProtoField.uint64, fixed64 = ProtoField.uint64,
  string = ProtoField.string, bytes = ProtoField.bytes, message = ProtoField.none,
}
local registered = {}
for _, field in pairs(f) do registered[#registered + 1] = field end

local function register(value, name, abbreviation)
  if value.kind == "enum" then
    value.field = ProtoField.int32(abbreviation, name, base.DEC, ENUMS[value.of])
  elseif value.kind == "map" then
    value.field = ProtoField.none(abbreviation, name)
    register(value[1], "key", abbreviation .. ".key")
    register(value[2], "value", abbreviation .. ".value")
  else
    value.field = MAKE[value.kind](abbreviation, name)
  end
  registered[#registered + 1] = value.field
end

for message, fields in pairs(MESSAGES) do
  for _, value in pairs(fields) do
    register(value, value.name, "ttrpc." .. message .. "." .. value.name)
  end
end
ttrpc.fields = registered

-- Protobuf ----------------------------------------------------------------------------------

-- The varint at an offset: its lower and its upper 32 bits, and where it ends; nil if it does
-- not end before `stop`.
local function varint(tvb, offset, stop)
  local low, high = 0, 0
  for index = 0, 9 do
    if offset >= stop then return nil end
    local byte = tvb:range(offset, 1):uint()
    offset = offset + 1
    local bits = byte % 128
    if index < 4 then
      low = low + bits * 2 ^ (7 * index)
    elseif index == 4 then
      low = low + (bits % 16) * 2 ^ 28
      high = math.floor(bits / 16)
    else
      high = high + bits * 2 ^ (7 * index - 32)
    end
    if byte < 128 then return low, high % 2 ^ 32, offset end
  end
  return nil
end

-- Calls `visit` for each field: its number, its wire type, the range of all of it, where its
-- content is, and the two halves of a varint. Answers what is wrong, if something is.
local function each_field(tvb, offset, stop, visit)
  while offset < stop do
    local start = offset
    local tag, high, content = varint(tvb, offset, stop)
    if not tag or high ~= 0 or tag < 8 then return "a field without a number" end
    local number, wire = math.floor(tag / 8), tag % 8
    local low, length
    if wire == 0 then
      low, high, offset = varint(tvb, content, stop)
      if not low then return "a number that does not end" end
      length = offset - content
    elseif wire == 1 or wire == 5 then
      length = wire == 1 and 8 or 4
      offset = content + length
    elseif wire == 2 then
      low, high, content = varint(tvb, content, stop)
      if not low or high ~= 0 then return "a length that does not end" end
      length = low
      offset = content + length
    else
      return "a field of wire type " .. string.format("%d", wire)
    end
    if offset > stop then return "a field that is longer than what it is in" end
    local range = tvb:range(start, offset - start)
    if visit(number, wire, range, content, length, low, high) == false then return nil end
  end
  return nil
end

local WIRE = {
  double = 1, fixed64 = 1, sfixed64 = 1, float = 5, fixed32 = 5, sfixed32 = 5,
  string = 2, bytes = 2, message = 2, map = 2,
}

local function signed(low)
  return low < 2 ^ 31 and low or low - 2 ^ 32
end

-- A number that is a varint, as its type means it.
local NUMBER = {
  bool = function(low, high) return low ~= 0 or high ~= 0 end,
  int32 = signed,
  enum = signed,
  uint32 = function(low) return low end,
  int64 = function(low, high) return Int64.new(low, high) end,
  uint64 = function(low, high) return UInt64.new(low, high) end,
  sint32 = function(low)
    return low % 2 == 0 and low / 2 or -(low + 1) / 2
  end,
  sint64 = function(low, high)
    local least = math.floor(low / 2) + (high % 2) * 2 ^ 31
    local most = math.floor(high / 2)
    if low % 2 == 1 then least, most = 2 ^ 32 - 1 - least, 2 ^ 32 - 1 - most end
    return Int64.new(least, most)
  end,
}

local add_message

-- Shows one value of a known field.
local function add_value(tree, value, tvb, range, content, length, low, high, budget, depth)
  local kind = value.kind
  if kind == "string" then
    tree:add_packet_field(value.field, tvb:range(content, length), ENC_UTF_8)
  elseif kind == "bytes" then
    tree:add_packet_field(value.field, tvb:range(content, length), ENC_NA)
  elseif kind == "message" then
    add_message(tree:add(value.field, range), MESSAGES[value.of], tvb, content, content + length, budget, depth + 1)
  elseif kind == "map" then
    local entry = { [1] = value[1], [2] = value[2] }
    add_message(tree:add(value.field, range), entry, tvb, content, content + length, budget, depth + 1)
  elseif WIRE[kind] then
    tree:add_le(value.field, tvb:range(content, length))
  else
    tree:add(value.field, range, NUMBER[kind](low, high))
  end
end

-- The numbers of a list that is packed.
local function add_packed(tree, value, tvb, content, length, budget)
  local stop = content + length
  local fixed = WIRE[value.kind] and (WIRE[value.kind] == 1 and 8 or 4)
  while content < stop and budget.left > 0 do
    budget.left = budget.left - 1
    if fixed then
      if content + fixed > stop then return "a list that ends within a number" end
      tree:add_le(value.field, tvb:range(content, fixed))
      content = content + fixed
    else
      local low, high, after = varint(tvb, content, stop)
      if not low then return "a list that ends within a number" end
      tree:add(value.field, tvb:range(content, after - content), NUMBER[value.kind](low, high))
      content = after
    end
  end
  return nil
end

-- Shows a message's fields, those that the protos do not have by their numbers.
add_message = function(tree, fields, tvb, offset, stop, budget, depth)
  if depth > DEEPEST then
    tree:add_proto_expert_info(malformed, "deeper than " .. DEEPEST .. " messages")
    return
  end
  local problem = each_field(tvb, offset, stop, function(number, wire, range, content, length, low, high)
    budget.left = budget.left - 1
    if budget.left <= 0 then
      if not budget.told then tree:add(range, "Further fields are not shown") end
      budget.told = true
      return false
    end
    local value = fields and fields[number]
    local expected = value and (WIRE[value.kind] or 0)
    if value and wire == expected then
      add_value(tree, value, tvb, range, content, length, low, high, budget, depth)
    elseif value and value.list and wire == 2 and expected ~= 2 then
      local wrong = add_packed(tree, value, tvb, content, length, budget)
      if wrong then tree:add_proto_expert_info(malformed, wrong) end
    else
      local text = string.format("Field %d", number)
      if wire == 0 then text = text .. ": " .. tostring(UInt64.new(low, high)) end
      tree:add(range, text)
    end
    return true
  end)
  if problem then tree:add_proto_expert_info(malformed, problem) end
end

-- Envelopes ---------------------------------------------------------------------------------

-- What a request or a response frame holds: service, method, the status, and where each is.
local function envelope(tvb, kind)
  local found = { metadata = {}, details = {} }
  local function text(content, length)
    return length == 0 and "" or tvb:range(content, length):string(ENC_UTF_8)
  end
  found.problem = each_field(tvb, HEADER, tvb:len(), function(number, wire, range, content, length, low, high)
    local place = { range = range, content = content, length = length }
    if kind == REQUEST and number == 1 and wire == 2 then
      found.service, place.text = place, text(content, length)
    elseif kind == REQUEST and number == 2 and wire == 2 then
      found.method, place.text = place, text(content, length)
    elseif kind == REQUEST and number == 3 and wire == 2 then
      found.payload = place
    elseif kind == REQUEST and number == 4 and wire == 0 then
      found.timeout, place.value = place, Int64.new(low, high)
    elseif kind == REQUEST and number == 5 and wire == 2 and #found.metadata < 1000 then
      found.metadata[#found.metadata + 1] = place
    elseif kind == RESPONSE and number == 1 and wire == 2 then
      found.status = place
    elseif kind == RESPONSE and number == 2 and wire == 2 then
      found.payload = place
    end
    return true
  end)
  found.code = 0
  if found.status then
    local stop = found.status.content + found.status.length
    local wrong = each_field(tvb, found.status.content, stop, function(number, wire, range, content, length, low)
      if number == 1 and wire == 0 then
        found.code, found.code_range = signed(low), range
      elseif number == 2 and wire == 2 then
        found.message = { range = range, content = content, length = length, text = text(content, length) }
      elseif number == 3 and wire == 2 and #found.details < 1000 then
        found.details[#found.details + 1] = { content = content, length = length }
      end
      return true
    end)
    found.problem = found.problem or wrong
  end
  return found
end

-- Text for the column of information, on one line.
local function plain(text)
  text = text:gsub("[^\32-\126]", ".")
  return #text > 200 and text:sub(1, 200) .. "..." or text
end

local function status_text(found)
  local name = STATUS[found.code] or "status"
  if found.code == 0 then return name end
  return string.format("%s (%d)", name, found.code) .. (found.message and ": " .. plain(found.message.text) or "")
end

local function add_payload(tree, tvb, content, length, message)
  if length == 0 then return end
  local range = tvb:range(content, length)
  local branch = tree:add(f.payload, range)
  if message then branch:set_text("Message: " .. message) end
  add_message(branch, message and MESSAGES[message], tvb, content, content + length, { left = MOST_FIELDS }, 0)
end

local function add_request(tree, tvb, found)
  local known = RPCS[(found.service and found.service.text or "") .. "/" .. (found.method and found.method.text or "")]
  for _, place in ipairs(found.metadata) do
    local problem = each_field(tvb, place.content, place.content + place.length, function(number, wire, range, content, length)
      if number <= 2 and wire == 2 then
        tree:add_packet_field(number == 1 and f.key or f.value, tvb:range(content, length), ENC_UTF_8)
      end
      return true
    end)
    if problem then tree:add_proto_expert_info(malformed, problem) end
  end
  if found.timeout then tree:add(f.timeout, found.timeout.range, found.timeout.value) end
  if found.payload then add_payload(tree, tvb, found.payload.content, found.payload.length, known and known[1]) end
end

-- Shows a detail of a status: an Any, whose value is a message of this type.
local function add_detail(tree, tvb, place)
  local branch, message, value
  local problem = each_field(tvb, place.content, place.content + place.length, function(number, wire, range, content, length)
    if number == 1 and wire == 2 then
      branch = tree:add_packet_field(f.detail, tvb:range(content, length), ENC_UTF_8)
      message = length > 0 and tvb:range(content, length):string(ENC_UTF_8):match("[^/]*$")
    elseif number == 2 and wire == 2 then
      value = { content = content, length = length }
    end
    return true
  end)
  if value then
    add_payload(branch or tree, tvb, value.content, value.length, message and MESSAGES[message] and message)
  end
  if problem then tree:add_proto_expert_info(malformed, problem) end
end

local function add_response(tree, tvb, found, known)
  tree:add(f.code, found.code_range or tvb:range(0, HEADER), found.code)
  if found.message then
    tree:add_packet_field(f.message, tvb:range(found.message.content, found.message.length), ENC_UTF_8)
  end
  for _, place in ipairs(found.details) do add_detail(tree, tvb, place) end
  if found.code ~= 0 then tree:add_proto_expert_info(failed, status_text(found)) end
  if found.payload then add_payload(tree, tvb, found.payload.content, found.payload.length, known and known[2]) end
end

-- Shows a frame that has come whole, and answers what is said of it in one line.
local function add_frame(tree, tvb, item)
  local kind = tvb:range(8, 1):uint()
  local branch = tree:add(ttrpc, tvb:range(0, tvb:len()))
  branch:add(f.length, tvb:range(0, 4))
  branch:add(f.stream, tvb:range(4, 4))
  branch:add(f.type, tvb:range(8, 1))
  branch:add(f.flags, tvb:range(9, 1))
  local call = item.call
  local known = call and RPCS[call.path]
  if call then
    -- Also of an answer, so that one filter finds both.
    branch:add(f.service, tvb:range(0, HEADER), call.service):set_generated(kind ~= REQUEST)
    branch:add(f.method, tvb:range(0, HEADER), call.method):set_generated(kind ~= REQUEST)
    if kind ~= REQUEST then
      branch:add(f.request_in, tvb:range(0, 0), call.number):set_generated(true)
      branch:add(f.time, tvb:range(0, 0), item.time):set_generated(true)
    end
  end
  local name = call and plain(call.method) or "a call that began before"
  local text
  if kind == DATA then
    text = name .. ": a message of the stream"
    add_payload(branch, tvb, HEADER, tvb:len() - HEADER, known and known[item.to_agent and 1 or 2])
  else
    local found = envelope(tvb, kind)
    if found.problem then branch:add_proto_expert_info(malformed, found.problem) end
    if kind == REQUEST then
      text = name
      add_request(branch, tvb, found)
    else
      text = name .. ": " .. status_text(found)
      add_response(branch, tvb, found, known)
    end
  end
  branch:append_text(", " .. text)
  return (item.to_agent and "> " or "< ") .. text
end

-- Connections -------------------------------------------------------------------------------

-- What has come on each connection, and what each packet had in it, as packets are looked at
-- again in any order once all have been seen.
local connections, packets = {}, {}
function ttrpc.init()
  connections, packets = {}, {}
end

-- The length of a frame by its header, of which `byte` gives each byte; nil if it is none.
local function frame_length(byte)
  local length = ((byte(0) * 256 + byte(1)) * 256 + byte(2)) * 256 + byte(3)
  local kind = byte(8)
  if length > LARGEST or not TYPES[kind] then return nil end
  return HEADER + length
end

-- Remembers whose call a frame begins or answers.
local function match(connection, tvb, item, pinfo)
  local kind, stream = tvb:range(8, 1):uint(), tvb:range(4, 4):uint()
  if kind == REQUEST then
    local found = envelope(tvb, kind)
    local service = found.service and found.service.text or ""
    local method = found.method and found.method.text or ""
    connection.calls[stream] = {
      service = service, method = method, path = service .. "/" .. method,
      number = pinfo.number, at = pinfo.rel_ts,
    }
  end
  local call = connection.calls[stream]
  if call then
    item.call, item.time = call, pinfo.rel_ts - call.at
    if kind == RESPONSE then connection.calls[stream] = nil end
  end
end

-- Cuts what a packet brings into frames. What is not ttRPC is left out up to the packet's end.
local function cut(connection, side, tvb, pinfo, to_agent)
  local items, offset, length = {}, 0, tvb:len()
  local function frame(item)
    item.to_agent = to_agent
    match(connection, item.bytes and item.bytes:tvb("ttRPC frame") or tvb:range(item.offset, item.length):tvb(), item, pinfo)
    items[#items + 1] = item
  end
  local function rest(kind)
    items[#items + 1] = { [kind] = true, offset = offset, length = length - offset }
    offset = length
  end
  while offset < length do
    local left = length - offset
    if not side.bytes and left >= HEADER then
      local size = frame_length(function(index) return tvb:range(offset + index, 1):uint() end)
      if not size then
        rest("other")
      elseif size <= left then
        frame({ offset = offset, length = size })
        offset = offset + size
      else
        side.bytes, side.size = tvb:range(offset, left):bytes(), size
        rest("part")
      end
    elseif not side.bytes then
      side.bytes, side.size = tvb:range(offset, left):bytes(), nil
      rest("part")
    else
      local bytes = side.bytes
      local taken = math.min((side.size or HEADER) - bytes:len(), left)
      bytes:append(tvb:range(offset, taken):bytes())
      if not side.size and bytes:len() == HEADER then
        side.size = frame_length(function(index) return bytes:get_index(index) end)
        if not side.size then
          side.bytes = nil
          rest("other")
          break
        end
      end
      items[#items + 1] = { part = true, offset = offset, length = taken }
      offset = offset + taken
      if bytes:len() == side.size then
        side.bytes = nil
        frame({ bytes = bytes })
      end
    end
  end
  return items
end

-- What a packet of the agent's port says of its connection.
local function side_of(tvb)
  local from, to = tvb:range(16, 4):le_uint(), tvb:range(20, 4):le_uint()
  local port = ttrpc.prefs.port
  if from ~= port and to ~= port then return nil end
  local source = tostring(tvb:range(0, 8):le_uint64()) .. ":" .. string.format("%d", from)
  local target = tostring(tvb:range(8, 8):le_uint64()) .. ":" .. string.format("%d", to)
  -- Where both have it, the host (CID 2) is who calls.
  local to_agent = to == port and not (from == port and tvb:range(8, 8):le_uint64() == UInt64.new(2))
  return to_agent and source .. " " .. target or target .. " " .. source, to_agent
end

local vsock = Dissector.get("vsock")

function ttrpc.dissector(tvb, pinfo, tree)
  -- It raises an error on a packet that is cut.
  if not pcall(vsock.call, vsock, tvb, pinfo, tree) then
    tree:add_proto_expert_info(malformed, "a packet that is cut")
  end
  if tvb:len() < MONITOR_HEADER then return end
  local key, to_agent = side_of(tvb)
  if not key then return end
  local op = tvb:range(24, 2):le_uint()
  local start = MONITOR_HEADER + tvb:range(28, 2):le_uint()
  local is_new = packets[pinfo.number] == nil
  if is_new and (op == OP_CONNECT or not connections[key]) then
    connections[key] = { calls = {}, [true] = {}, [false] = {} }
  end
  if op ~= OP_PAYLOAD or start >= tvb:len() then return end
  pinfo.cols.protocol = "ttRPC"
  local content = tvb:range(start, tvb:len() - start):tvb()
  if is_new then
    packets[pinfo.number] = cut(connections[key], connections[key][to_agent], content, pinfo, to_agent)
    -- What the capture left out is missing in its frame too.
    if tvb:len() < tvb:reported_len() then connections[key][to_agent].bytes = nil end
  end
  local said = {}
  for _, item in ipairs(packets[pinfo.number]) do
    if item.part then
      tree:add(f.continued, content:range(item.offset, item.length))
    elseif item.other then
      local other = tree:add(f.other, content:range(item.offset, item.length))
      other:add_proto_expert_info(malformed, "bytes that are not ttRPC")
      said[#said + 1] = "bytes that are not ttRPC"
    else
      local frame = item.bytes and item.bytes:tvb("ttRPC frame") or content:range(item.offset, item.length):tvb()
      said[#said + 1] = add_frame(tree, frame, item)
    end
  end
  if #said == 0 then said[1] = (to_agent and "> " or "< ") .. "a part of a frame" end
  pinfo.cols.info = table.concat(said, "; ", 1, math.min(#said, 20))
end

-- In place of Wireshark's own, which is called first.
local encapsulations = wtap_encaps or wtap
DissectorTable.get("wtap_encap"):add(encapsulations.VSOCK, ttrpc)
