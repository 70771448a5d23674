-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- tscf.lua - Wireshark dissector for tscf tunnels, as tscf(7) specifies them.
--
--     tshark -X lua_script:tscf.lua -r capture.pcap -V
--     cp tscf.lua ~/.local/lib/wireshark/plugins/
--
-- A datagram of the plain tunnel is one inner IP packet or one control message; the first nibble tells.  On TCP they lie back
-- to back.  The port is a
-- preference (default 2004).  Filters begin with "tscftun": Wireshark knows another protocol (of IEEE 1722) as tscf.
-- The encrypted tunnel, on the next port, is shown alike when Wireshark has the keys of its DTLS or TLS, which --key-log of
-- tscf-client and tscf-server writes:
--
--     tshark -X lua_script:tscf.lua -o tls.keylog_file:FILE -r capture.pcap

local tscf = Proto("tscftun", "Tunneled Services Control Function")

tscf.prefs.port = Pref.uint("Plain port", 2004, "The encrypted port is the next one")

local HEADER = 16
local TLV_HEADER = 4

local types = {
	[1] = "Configuration_Request", [2] = "Configuration_Response",
	[3] = "Configuration_Resume_Request", [4] = "Configuration_Resume_Response",
	[5] = "Configuration_Release_Request", [6] = "Configuration_Release_Response",
	[7] = "Keepalive_Request", [8] = "Keepalive_Response",
	[9] = "Service_Request", [10] = "Service_Response",
	[11] = "Chain_Request", [12] = "Chain_Response",
	[13] = "Certificate_Request", [14] = "Certificate_Response",
}

local responses = {
	[0] = "success", [1] = "service unavailable", [2] = "malformed request", [3] = "no session", [4] = "no address",
	[5] = "limit reached", [6] = "not allowed", [7] = "invalid reservation", [8] = "request too small", [9] = "shutdown",
	[10] = "cookie", [11] = "unauthorized", [12] = "certificates wanted", [13] = "enrolled", [14] = "busy",
}

local services = { [1] = "ENABLE_DTTE", [2] = "BIND", [3] = "SHIELD", [4] = "UNSHIELD", [5] = "SOCKETS", [6] = "ENABLE_DDT",
	[7] = "ENABLE_REDUNDANCY" }
local actions = { [0] = "bind", [1] = "release", [2] = "close" }
local redundancies = { [0] = "none", [254] = "balance", [255] = "auto" }
local levels = { [0] = "default", [1] = "unencrypted", [2] = "encrypted-only", [3] = "encrypted-preferred" }
local protocols = {
	[0] = "any", [1] = "ICMP", [6] = "TCP", [17] = "UDP", [33] = "DCCP", [58] = "ICMPv6", [132] = "SCTP",
	[136] = "UDP-Lite",
}

local tlv_names = {
	[1] = "INTERNAL_IPV4", [2] = "INTERNAL_IPV6", [3] = "ROUTE_IPV4", [4] = "ROUTE_IPV6", [5] = "DNS",
	[6] = "SIP_SERVER", [7] = "MTU", [8] = "KEEPALIVE", [9] = "RESPONSE_CODE", [10] = "SERVICE_TYPE",
	[11] = "RESERVED_TSID", [12] = "BINDING", [13] = "OBSERVED_ADDRESS", [14] = "RESUME_SECRET", [15] = "CLIENT_ID",
	[16] = "COOKIE", [17] = "PADDING", [18] = "RESERVATION_HASH", [19] = "RESERVATION_SECRET", [20] = "QUIET",
	[21] = "COMPLETE", [22] = "PERSISTENCE", [23] = "SHIELD_LOCK", [24] = "SHIELD_KEY",
	[25] = "RESUME_LOCK", [26] = "RESUME_KEY",
	[27] = "AUTH_METHODS", [28] = "AUTH_PROOF", [29] = "AUTH_CERTIFICATE", [30] = "SHARED_ID", [31] = "RUN",
	[32] = "KEY_SHARE", [33] = "CHAIN_DIGEST", [34] = "SIGNATURE", [35] = "MAC", [36] = "CHAIN_PART",
	[40] = "CONNECTION_ID", [41] = "ASIDE", [42] = "SEAL", [43] = "AUTH_KEY", [45] = "SOCKET", [46] = "SOCKET_ANSWER",
	[47] = "SOCKETS_DUE", [48] = "LASTING_KEY", [50] = "NAGLE", [51] = "NEED", [52] = "YIELD",
	[53] = "NETWORKS", [54] = "ENTRIES_LEFT",
}

local f = {
	version = ProtoField.uint8("tscftun.version", "Version", base.DEC, nil, 0xf0),
	indication = ProtoField.uint8("tscftun.indication", "Indication", base.DEC, { [0] = "control message" }, 0x0c),
	reserved = ProtoField.uint8("tscftun.reserved", "Reserved", base.DEC, nil, 0x03),
	type = ProtoField.uint8("tscftun.type", "Type", base.DEC, types),
	count = ProtoField.uint16("tscftun.tlv_count", "TLV count"),
	tsid = ProtoField.uint64("tscftun.tsid", "Tunnel session ID", base.HEX),
	sequence = ProtoField.uint32("tscftun.sequence", "Sequence"),
	tlv = ProtoField.none("tscftun.tlv", "TLV"),
	tlv_type = ProtoField.uint16("tscftun.tlv.type", "Type", base.DEC, tlv_names),
	tlv_length = ProtoField.uint16("tscftun.tlv.length", "Length"),
	value = ProtoField.bytes("tscftun.value", "Value"),
	ipv4 = ProtoField.ipv4("tscftun.ipv4", "Address"),
	ipv6 = ProtoField.ipv6("tscftun.ipv6", "Address"),
	prefix_length = ProtoField.uint8("tscftun.prefix_length", "Prefix length"),
	port = ProtoField.uint16("tscftun.port", "Port"),
	mtu = ProtoField.uint16("tscftun.mtu", "MTU"),
	seconds = ProtoField.uint16("tscftun.seconds", "Seconds"),
	milliseconds = ProtoField.uint16("tscftun.milliseconds", "Milliseconds"),
	response = ProtoField.uint16("tscftun.response", "Response", base.DEC, responses),
	text = ProtoField.string("tscftun.text", "Text", base.UNICODE),
	service = ProtoField.uint16("tscftun.service", "Service", base.DEC, services),
	reserved_tsid = ProtoField.uint64("tscftun.reserved_tsid", "Reserved TSID", base.HEX),
	action = ProtoField.uint8("tscftun.binding.action", "Action", base.DEC, actions),
	level = ProtoField.uint8("tscftun.binding.level", "Level", base.DEC, levels),
	need = ProtoField.uint8("tscftun.need", "Needed for sockets up to level", base.DEC, levels),
	flags = ProtoField.uint8("tscftun.binding.flags", "Flags", base.HEX),
	redundancy = ProtoField.uint8("tscftun.socket.redundancy", "Redundancy", base.DEC, redundancies),
	socket_flags = ProtoField.uint8("tscftun.socket.flags", "Flags", base.HEX),
	datagram = ProtoField.bool("tscftun.socket.datagram", "Prefers datagrams", 8, nil, 0x01),
	socket_answer = ProtoField.uint8("tscftun.socket.answer", "Answer", base.DEC, responses),
	moved = ProtoField.bool("tscftun.binding.moved", "Moved", 8, nil, 0x01),
	protocol = ProtoField.uint8("tscftun.binding.protocol", "Protocol", base.DEC, protocols),
	family = ProtoField.uint8("tscftun.binding.family", "Family", base.DEC, { [4] = "IPv4", [6] = "IPv6" }),
	has_remote = ProtoField.bool("tscftun.binding.has_remote", "Has remote"),
	local_port = ProtoField.uint16("tscftun.binding.local_port", "Local port"),
	local_ipv4 = ProtoField.ipv4("tscftun.binding.local_ipv4", "Local address"),
	local_ipv6 = ProtoField.ipv6("tscftun.binding.local_ipv6", "Local address"),
	remote_port = ProtoField.uint16("tscftun.binding.remote_port", "Remote port"),
	remote_ipv4 = ProtoField.ipv4("tscftun.binding.remote_ipv4", "Remote address"),
	remote_ipv6 = ProtoField.ipv6("tscftun.binding.remote_ipv6", "Remote address"),
}
tscf.fields = f

local malformed = ProtoExpert.new("tscftun.malformed", "Malformed control message", expert.group.MALFORMED,
	expert.severity.ERROR)
tscf.experts = { malformed }

-- Address at the start of @range.  Returns its text.
local function add_address(tree, range, ipv4, ipv6)
	if range:len() == 4 then
		tree:add(ipv4, range)
		return tostring(range:ipv4())
	end
	tree:add(ipv6, range)
	return tostring(range:ipv6())
end

local function show_prefix(tree, range)
	local size = range:len() - 1
	local text = add_address(tree, range(0, size), f.ipv4, f.ipv6)

	tree:add(f.prefix_length, range(size, 1))
	return text .. "/" .. range(size, 1):uint()
end

local function show_address(tree, range)
	return add_address(tree, range, f.ipv4, f.ipv6)
end

local function show_endpoint(tree, range)
	local size = range:len() - 2
	local text = add_address(tree, range(0, size), f.ipv4, f.ipv6)

	tree:add(f.port, range(size, 2))
	return text .. " port " .. range(size, 2):uint()
end

local function show_number(field)
	return function(tree, range)
		tree:add(field, range)
		return tostring(range:uint())
	end
end

local function show_response(tree, range)
	local code = range(0, 2):uint()
	local text = responses[code] or tostring(code)

	tree:add(f.response, range(0, 2))
	if range:len() > 2 then
		local words = range(2):string(ENC_UTF_8)

		tree:add(f.text, range(2), words)
		text = text .. ": " .. words
	end
	return text
end

local function show_service(tree, range)
	local number = range:uint()

	tree:add(f.service, range)
	return services[number] or tostring(number)
end

local function show_need(tree, range)
	tree:add(f.need, range)
	return levels[range:uint()] or tostring(range:uint())
end

local function show_tsid(tree, range)
	tree:add(f.reserved_tsid, range)
	return "0x" .. range:bytes():tohex(true)
end

-- One side of a binding, port and address at the start of @range, in words.
local function add_side(tree, range, port, ipv4, ipv6)
	tree:add(port, range(0, 2))
	local number, text = range(0, 2):uint(), add_address(tree, range(2), ipv4, ipv6)

	return string.format(range:len() > 6 and "[%s]:%s" or "%s:%s", text, number == 0 and "any" or tostring(number))
end

-- The socket of a binding, and of what it asks for: protocol and ends, from the fourth byte of @range on, in words.
local function add_socket(tree, range)
	local size = (range(4, 1):uint() == 6) and 16 or 4
	local has_remote = range(5, 1):uint() ~= 0
	local protocol = range(3, 1):uint()

	tree:add(f.protocol, range(3, 1))
	tree:add(f.family, range(4, 1))
	tree:add(f.has_remote, range(5, 1))
	if range:len() ~= 6 + (has_remote and 2 or 1) * (2 + size) then
		return nil
	end
	local text = string.format("%s %s", protocols[protocol] or tostring(protocol),
		add_side(tree, range(6, 2 + size), f.local_port, f.local_ipv4, f.local_ipv6))
	if has_remote then
		text = text .. " - " .. add_side(tree, range(8 + size), f.remote_port, f.remote_ipv4, f.remote_ipv6)
	end
	return text
end

local function show_binding(tree, range)
	tree:add(f.action, range(0, 1))
	tree:add(f.level, range(1, 1))
	tree:add(f.flags, range(2, 1)):add(f.moved, range(2, 1))
	local text = add_socket(tree, range)

	return text and string.format("%s %s %s", actions[range(0, 1):uint()] or "?", levels[range(1, 1):uint()] or "?", text)
end

-- Redundancy and flags, the two bytes of @range, in words.
local function add_services(tree, range)
	tree:add(f.redundancy, range(0, 1))
	tree:add(f.socket_flags, range(1, 1)):add(f.datagram, range(1, 1))
	local number = range(0, 1):uint()

	return (redundancies[number] or tostring(number)) .. (range(1, 1):uint() % 2 == 1 and ", datagrams" or "")
end

local function show_socket(tree, range)
	local text, socket = add_services(tree, range(0, 2)), add_socket(tree, range)

	return socket and "redundancy " .. text .. " for " .. socket
end

local function show_socket_answer(tree, range)
	local code = range(0, 1):uint()

	tree:add(f.socket_answer, range(0, 1))
	return (responses[code] or tostring(code)) .. ", redundancy " .. add_services(tree, range(1, 2))
end

local function show_bytes(tree, range)
	tree:add(f.value, range)
	return range:len() .. " bytes"
end

local function show_nothing()
	return ""
end

-- Legal sizes of a value: a list, or a least and a most.
local function one_of(...)
	local sizes = {}

	for _, size in ipairs({ ... }) do
		sizes[size] = true
	end
	return function(length)
		return sizes[length]
	end
end

local function between(least, most)
	return function(length)
		return length >= least and length <= most
	end
end

local tlvs = {
	[1] = { one_of(5), show_prefix },
	[2] = { one_of(17), show_prefix },
	[3] = { one_of(5), show_prefix },
	[4] = { one_of(17), show_prefix },
	[5] = { one_of(4, 16), show_address },
	[6] = { one_of(4, 16), show_address },
	[7] = { one_of(2), show_number(f.mtu) },
	[8] = { one_of(2), show_number(f.seconds) },
	[9] = { between(2, 202), show_response },
	[10] = { one_of(2), show_service },
	[11] = { one_of(8), show_tsid },
	[12] = { one_of(12, 18, 24, 42), show_binding },
	[13] = { one_of(6, 18), show_endpoint },
	[14] = { one_of(32), show_bytes },
	[15] = { one_of(16), show_bytes },
	[16] = { between(1, 64), show_bytes },
	[17] = { between(0, 65535), show_bytes },
	[18] = { one_of(32), show_bytes },
	[19] = { one_of(32), show_bytes },
	[20] = { one_of(0), show_nothing },
	[21] = { one_of(0), show_nothing },
	[22] = { one_of(2), show_number(f.seconds) },
	[23] = { one_of(32), show_bytes },
	[24] = { one_of(32), show_bytes },
	[25] = { one_of(32), show_bytes },
	[26] = { one_of(32), show_bytes },
	[27] = { one_of(1), show_bytes },
	[28] = { between(2, 640), show_bytes },
	[29] = { between(1, 1100), show_bytes },
	[30] = { one_of(0), show_nothing },
	[31] = { one_of(8), show_bytes },
	[32] = { one_of(33), show_bytes },
	[33] = { one_of(32), show_bytes },
	[34] = { between(1, 512), show_bytes },
	[35] = { one_of(16), show_bytes },
	[36] = { between(4, 1004), show_bytes },
	[40] = { between(0, 8), show_bytes },
	[41] = { one_of(0), show_nothing },
	[42] = { one_of(24), show_bytes },
	[43] = { between(1, 640), show_bytes },
	[45] = { one_of(12, 18, 24, 42), show_socket },
	[46] = { one_of(3), show_socket_answer },
	[47] = { one_of(0), show_nothing },
	[48] = { one_of(32), show_bytes },
	[50] = { one_of(2), show_number(f.milliseconds) },
	[51] = { one_of(1), show_need },
	[52] = { one_of(0), show_nothing },
	[53] = { one_of(0), show_nothing },
	[54] = { one_of(0), show_nothing },
}

-- Show the value of a TLV in @tree.  Returns its text, or nil if it is malformed.
local function show_value(tree, number, range)
	local known = tlvs[number]
	local length = range and range:len() or 0

	if known and not known[1](length) then
		return nil
	end
	if length == 0 then
		return ""
	end
	return (known and known[2] or show_bytes)(tree, range)
end

-- Show the TLV at @offset.  Returns the offset after it, or nil if it is not all there.
local function show_tlv(tvb, offset, tree)
	if offset + TLV_HEADER > tvb:len() then
		return nil
	end
	local number, length = tvb(offset, 2):uint(), tvb(offset + 2, 2):uint()
	local after = offset + TLV_HEADER + length

	if after > tvb:len() then
		return nil
	end
	local name = tlv_names[number] or ("unknown " .. number)
	local branch = tree:add(f.tlv, tvb(offset, TLV_HEADER + length))

	branch:add(f.tlv_type, tvb(offset, 2))
	branch:add(f.tlv_length, tvb(offset + 2, 2))
	local text = show_value(branch, number, length > 0 and tvb(offset + TLV_HEADER, length) or nil)

	branch:set_text(name .. ((text and text ~= "") and (": " .. text) or ""))
	if not text then
		branch:add_proto_expert_info(malformed, name .. " has an illegal size or value")
	end
	return after
end

local function show_header(tvb, tree)
	tree:add(f.version, tvb(0, 1))
	tree:add(f.indication, tvb(0, 1))
	tree:add(f.reserved, tvb(0, 1))
	tree:add(f.type, tvb(1, 1))
	tree:add(f.count, tvb(2, 2))
	tree:add(f.tsid, tvb(4, 8))
	tree:add(f.sequence, tvb(12, 4))
end

local function dissect_control(tvb, pinfo, root)
	if tvb:len() < HEADER then
		return 0
	end
	local name = types[tvb(1, 1):uint()] or ("unknown type " .. tvb(1, 1):uint())
	local count = tvb(2, 2):uint()
	local tree = root:add(tscf, tvb(), "TSCF " .. name)
	local offset = HEADER

	pinfo.cols.protocol = "TSCF"
	pinfo.cols.info = string.format("%s seq=%u tsid=%s", name, tvb(12, 4):uint(), tvb(4, 8):bytes():tohex(true))
	show_header(tvb, tree)
	for _ = 1, count do
		offset = show_tlv(tvb, offset, tree)
		if not offset then
			tree:add_proto_expert_info(malformed, "fewer TLVs than the count says")
			return tvb:len()
		end
	end
	if offset < tvb:len() then
		tree:add_proto_expert_info(malformed, "bytes after the last TLV")
	end
	return tvb:len()
end

-- A copy of an inner packet, on a stream: tscf(7), "REDUNDANCY".
local COPY_HEADER = 8

local function dissect_copy(tvb, pinfo, root)
	local tree = root:add(tscf, tvb(0, COPY_HEADER), "TSCF copy of an inner packet")

	tree:add(tvb(1, 7), "Number: " .. tostring(tvb(1, 7):uint64()))
	Dissector.get(tvb(COPY_HEADER, 1):bitfield(0, 4) == 6 and "ipv6" or "ip"):call(tvb(COPY_HEADER):tvb(), pinfo, root)
	return tvb:len()
end

-- A copy, or a repair packet, a count or a loss report: tscf(7), "REDUNDANCY".
local function dissect_redundancy(tvb, pinfo, root)
	local length, first = tvb:len(), tvb(0, 1):uint()

	if first == 0x53 and length > COPY_HEADER then
		return dissect_copy(tvb, pinfo, root)
	end

	pinfo.cols.protocol = "TSCF"
	if first == 0x51 and length >= 8 then
		local count = tvb(1, 1):bitfield(4, 4)
		local tree = root:add(tscf, tvb(), count == 0 and "TSCF count" or "TSCF repair packet")

		tree:add(tvb(1, 1), "Index: " .. tvb(1, 1):bitfield(0, 4))
		tree:add(tvb(2, 2), "Number: " .. tvb(2, 2):uint())
		tree:add(tvb(4, 4), ("Flow: 0x%08x"):format(tvb(4, 4):uint()))
		for i = 0, count - 1 do
			local at = 8 + 5 * i

			if length < at + 5 then
				break
			end
			tree:add(tvb(at, 5), ("Covers: 0x%08x, %d ms before"):format(tvb(at, 4):uint(), tvb(at + 4, 1):uint()))
		end
		pinfo.cols.info = count == 0 and "Count" or "Repair packet"
	elseif first == 0x52 and length == 18 then
		local tree = root:add(tscf, tvb(), "TSCF loss report")

		if tvb(1, 1):bitfield(7, 1) == 1 then
			tree:add(tvb(2, 2), "RTP sequence number: " .. tvb(2, 2):uint())
			tree:add(tvb(8, 4), ("Came before it: 0x%08x"):format(tvb(8, 4):uint()))
		end
		tree:add(tvb(4, 4), ("Flow: 0x%08x"):format(tvb(4, 4):uint()))
		tree:add(tvb(12, 2), "Expected: " .. tvb(12, 2):uint())
		tree:add(tvb(14, 2), "Lost: " .. tvb(14, 2):uint())
		tree:add(tvb(16, 2), "Runs: " .. tvb(16, 2):uint())
		pinfo.cols.info = "Loss report"
	else
		return 0
	end
	return length
end

function tscf.dissector(tvb, pinfo, root)
	if tvb:len() == 0 then
		return 0
	end
	local nibble = tvb(0, 1):bitfield(0, 4)

	if nibble == 4 then
		root:add(tscf, tvb(0, 0), "TSCF inner IPv4 packet")
		Dissector.get("ip"):call(tvb, pinfo, root)
		return tvb:len()
	elseif nibble == 6 then
		root:add(tscf, tvb(0, 0), "TSCF inner IPv6 packet")
		Dissector.get("ipv6"):call(tvb, pinfo, root)
		return tvb:len()
	elseif nibble == 5 then
		return dissect_redundancy(tvb, pinfo, root)
	elseif nibble == 1 then
		return dissect_control(tvb, pinfo, root)
	end
	return 0
end

-- Length of the packet, copy or message that begins at @at; nil if more bytes are needed to tell, 0 if none begins there.
local function frame_length(tvb, at)
	local there = tvb:len() - at
	local nibble = tvb(at, 1):bitfield(0, 4)

	if tvb(at, 1):uint() == 0x53 then
		local inner = there > COPY_HEADER and frame_length(tvb, at + COPY_HEADER) or nil

		return inner and inner > 0 and COPY_HEADER + inner or inner
	elseif nibble == 4 then
		return there >= 4 and math.max(tvb(at + 2, 2):uint(), 20) or nil
	elseif nibble == 6 then
		return there >= 6 and 40 + tvb(at + 4, 2):uint() or nil
	elseif nibble ~= 1 then
		return 0
	end
	local length = HEADER

	if there < HEADER then
		return nil
	end
	for _ = 1, tvb(at + 2, 2):uint() do
		if there < length + TLV_HEADER then
			return nil
		end
		length = length + TLV_HEADER + tvb(at + length + 2, 2):uint()
	end
	return length
end

-- On a stream they lie back to back.
local stream = Proto("tscftun_stream", "Tunneled Services Control Function in a stream")

function stream.dissector(tvb, pinfo, root)
	local at = 0

	while at < tvb:len() do
		local length = frame_length(tvb, at)

		if length == 0 then
			return at
		elseif not length or length > tvb:len() - at then
			pinfo.desegment_offset = at
			pinfo.desegment_len = length and length - (tvb:len() - at) or DESEGMENT_ONE_MORE_SEGMENT
			return tvb:len()
		end
		tscf.dissector(tvb(at, length):tvb(), pinfo, root)
		at = at + length
	end
	return at
end

-- Records from the client have a connection id of RFC 9146, which is agreed on inside the tunnel (tscf(7), CONNECTION IDS).
-- Wireshark takes such records only if the hellos of the handshake have agreed on it.  So it is shown hellos that do: the client
-- wants no id, and the server has one of four bytes; the bytes themselves do not matter.
local dtls = Proto("tscftun_dtls", "Tunneled Services Control Function in DTLS")
local dissect_dtls = Dissector.get("dtls")

local RECORD, HANDSHAKE = 13, 12
local extensions = { [1] = "0036000100", [2] = "003600050400000000" }

local function get(bytes, at, size)
	local value = 0

	for i = at, at + size - 1 do
		value = value * 256 + bytes:get_index(i)
	end
	return value
end

local function grow(bytes, at, size, by)
	local value = get(bytes, at, size) + by

	for i = at + size - 1, at, -1 do
		bytes:set_index(i, value % 256)
		value = math.floor(value / 256)
	end
end

-- Where the length of the extensions stands in the hello @record; it may be its end.
local function extensions_at(record)
	local at = RECORD + HANDSHAKE + 2 + 32

	at = at + 1 + get(record, at, 1)
	if get(record, RECORD, 1) == 2 then
		return at + 2 + 1
	end
	at = at + 1 + get(record, at, 1)
	at = at + 2 + get(record, at, 2)
	return at + 1 + get(record, at, 1)
end

-- The record with the extension if it is a whole hello in clear, else nil.
local function with_extension(record)
	local length = record:len()

	if length < RECORD + HANDSHAKE + 35 or get(record, 0, 1) ~= 22 or get(record, 3, 2) ~= 0 then
		return nil
	end
	local extension = extensions[get(record, RECORD, 1)]

	if not extension or get(record, RECORD + 1, 3) ~= get(record, RECORD + 9, 3) then
		return nil
	end
	local ok, at = pcall(extensions_at, record)

	if not ok or at > length then
		return nil
	end
	local added = ByteArray.new(extension)

	if at == length then
		record = record .. ByteArray.new("0000")
	end
	grow(record, at, 2, added:len())
	record = record .. added
	for _, field in ipairs({ { 11, 2 }, { RECORD + 1, 3 }, { RECORD + 9, 3 } }) do
		grow(record, field[1], field[2], record:len() - length)
	end
	return record
end

-- The datagram with the extension in its hellos, or nil if it has none.
local function with_extensions(tvb)
	local at, changed, out = 0, false, ByteArray.new()

	while at + RECORD <= tvb:len() and at + RECORD + tvb(at + 11, 2):uint() <= tvb:len() do
		local record = tvb(at, RECORD + tvb(at + 11, 2):uint()):bytes()
		local other = with_extension(record)

		at = at + record:len()
		changed = changed or other ~= nil
		out:append(other or record)
	end
	return changed and at == tvb:len() and out or nil
end

function dtls.dissector(tvb, pinfo, root)
	local hello = with_extensions(tvb)

	if hello then
		root:add(tscf, tvb(0, 0), "Shown with a connection_id extension, which is agreed on inside the tunnel")
		dissect_dtls:call(hello:tvb("DTLS with a connection id"), pinfo, root)
	else
		dissect_dtls:call(tvb, pinfo, root)
	end
	return tvb:len()
end

-- What each port carries: the plain tunnel, and what the encrypted one is in.
local ports = {
	{ table = "udp.port", offset = 0, dissector = tscf },
	{ table = "tcp.port", offset = 0, dissector = stream },
	{ table = "udp.port", offset = 1, dissector = dtls },
	{ table = "tcp.port", offset = 1, dissector = Dissector.get("tls") },
	{ table = "dtls.port", offset = 1, dissector = tscf },
	{ table = "tls.port", offset = 1, dissector = stream },
}

local registered

local function register(port)
	for _, p in ipairs(ports) do
		local dissectors = DissectorTable.get(p.table)

		if registered then
			dissectors:remove(registered + p.offset, p.dissector)
		end
		dissectors:add(port + p.offset, p.dissector)
	end
	registered = port
end

function tscf.prefs_changed()
	if tscf.prefs.port ~= registered then
		register(tscf.prefs.port)
	end
end

register(tscf.prefs.port)
