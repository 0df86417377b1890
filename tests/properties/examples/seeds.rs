//! Writes what the fuzzers begin with to `fuzz/corpus`: random messages of the
//! types of every response and request, and what was written by hand below.
//! Inputs that are there under other names stay.

#![expect(clippy::expect_used, reason = "a script that cannot go on ends")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kata_agent_ctl::schema::json::{self, Style};
use kata_agent_ctl::schema::{Message, Reflect, Schema};
use properties::random::Random;
use properties::setters::setters;
use properties::{MESSAGE_END, schemas};

/// How long an input is at most; larger messages are tried again smaller.
const LONGEST: usize = 600;
const TRIES: u64 = 200;

/// One of the forms that a message is given to a target in.
type Form = fn(&dyn Reflect, &'static Schema) -> Vec<u8>;

fn main() {
    for (schema, message) in types() {
        let name = message.full_name;
        for (target, form) in [
            ("print", wire as Form),
            ("document", document),
            ("setter", lines),
        ] {
            let made = (0..TRIES).map(|seed| {
                let message = Random::new(seed, schema).message(message);
                form(message.as_ref(), schema)
            });
            let longest = made
                .filter(|made| made.len() <= LONGEST)
                .max_by_key(Vec::len);
            let content = longest.unwrap_or_default();
            let input = [name.as_bytes(), &[MESSAGE_END], &content].concat();
            write(target, &format!("random-{name}"), &input);
        }
    }
    for (target, inputs) in [
        ("address", ADDRESSES),
        ("command", COMMANDS),
        ("document", DOCUMENTS),
        ("faults", FAULTS),
        ("setter", SETTERS),
        ("oci", CONFIGS),
        ("policy", POLICIES),
        ("proto", PROTOS),
    ] {
        for (number, input) in inputs.iter().enumerate() {
            write(target, &format!("written-{number:02}"), input.as_bytes());
        }
    }
    for (number, input) in FRAMES.iter().enumerate() {
        write("frames", &format!("written-{number:02}"), input);
    }
}

/// Responses of this build's API, requests that have much in them, and all of
/// the API that has every kind of field.
fn types() -> Vec<(&'static Schema, &'static Message)> {
    let [own, wide] = schemas();
    let mut types = BTreeMap::new();
    for rpc in own.services.iter().flat_map(|service| service.rpcs) {
        types.insert(rpc.response.full_name, (own, rpc.response));
        types.insert(rpc.request.full_name, (own, rpc.request));
    }
    for message in wide.messages {
        types.insert(message.full_name, (wide, *message));
    }
    types
        .into_values()
        .filter(|(_, message)| !message.fields.is_empty())
        .collect()
}

fn wire(message: &dyn Reflect, _: &'static Schema) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode_into(&mut bytes).expect("it can be encoded");
    bytes
}

fn document(message: &dyn Reflect, schema: &'static Schema) -> Vec<u8> {
    let mut out = Vec::new();
    json::write(message, schema, Style::default(), &mut out).expect("it can be written");
    out
}

fn lines(message: &dyn Reflect, _: &'static Schema) -> Vec<u8> {
    let lines = setters(message).into_iter();
    let lines = lines.map(|(path, value)| format!("{path}={value}\n"));
    lines.collect::<String>().into_bytes()
}

fn write(target: &str, name: &str, content: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let folder = folder.join(target);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(name), content).expect("a file");
}

const ADDRESSES: &[&str] = &[
    "unix:///run/agent.sock",
    "unix://@abstract",
    "unix://relative/path",
    "unix://",
    "unix://@",
    "vsock://3:1024",
    "vsock://-1:1024",
    "vsock://:1024",
    "vsock://4294967295:4294967295",
    "vsock://3:4294967296",
    "vsock://3",
    "hvsock:///run/vc/vm/x/clh.sock:1024",
    "hvsock:///a:b:1",
    "hvsock://@name:1024",
    "remote:///run/x",
    "remote:///run/x:1024",
    "mock:///tmp/a.sock",
    "mock:///tmp/a:b:7",
    "sim://",
    "sim://x",
    "tcp://1.2.3.4:5",
    "/run/agent.sock",
    "unix:///a\u{0}b",
    "unix:///\u{202e}\u{1b}[2J",
];

const COMMANDS: &[&str] = &[
    "Check",
    "  CreateSandbox hostname=\"a b\" dns=8.8.8.8 dns='1.1.1.1'",
    "CreateContainer json://{\"container_id\": \"a b\"} OCI.Root={\"Path\": \"/ r\"} x=[1, 2]",
    "CopyFile file:///a.json path=/x data=\"\\x00\\xff\\n\\t\\r\\0\\\\\\\"\\q\"",
    "SetPolicy policy=@a.rego # the rest",
    "X 'json://{\"a\": 1}' 'file://a b' 'a=b c' \"d=e\"",
    "X OCI.Annotations[a=b c]=x Sysctl[\"a\\\"]b\"]=\\  m[a].b[0].c=1",
    "X a={b c",
    "X a={\"b\": 1, c: 2}",
    "X a={}x",
    "X a=[[[[",
    "X json://",
    "X json://{}} a",
    "X a='b",
    "X a=\"b",
    "X a=b\\",
    "X a=\"\\xg1\"",
    "X \"\\xff\"",
    "X #a a#b '#'",
    "X file://- json://{}",
    "X a=1 json://{}",
    "X \u{2028}\u{e9}=\u{1f980}\u{3000}b=\u{202e}",
    "repeat 3",
    "echo a 'b c' \"d\\n\"",
    "sleep 1s",
    "X a[=b] c[\"d=e\"]=f g[\"h=i j]=k",
];

const FAULTS: &[&str] = &[
    "reply GetGuestDetails json://{\"mem_block_size_bytes\": 1} agent_details.version=x\nlist",
    "reply Check[2..4] status=SERVING\nreply * a=1\nreply Missing",
    "fail CreateContainer[3] NOT_FOUND \"no such image\"\nfail * 77\nfail * OK\nfail Check",
    "delay ReadStdout[10%] 2s\ndelay * 5\ndelay * x",
    "drop WaitProcess[5..]\nclose Check\nclear WaitProcess\nlist\nclear",
    "garbage Check hex:00ff\ngarbage Check 16\ngarbage * hex:0\ngarbage * 0",
    "truncate Check 3\ntruncate Check\ntruncate Check -1",
    "drop Check[\ndrop Check[]\ndrop Check[0]\ndrop Check[4..2]\ndrop Check[101%]\ndrop Check[1]x",
    "help\nlist x\nclear a b\nlists\n# comment\n",
    "fail Check INTERNAL \"\\x1b[2J\\n\"\nlist",
];

const DOCUMENTS: &[&str] = &[
    "wide.Scalars\n{\"f_double\": 1e400, \"f_float\": \"NaN\"}",
    "wide.Scalars\n{\"f_double\": \"-Infinity\", \"fInt64\": \"-9223372036854775808\", \"f_level\": \"HIGHEST\"}",
    "wide.Scalars\n{\"f_int32\": 1.0, \"f_uint32\": 1e3, \"F_INT64\": -0, \"f_level\": 77}",
    "wide.Scalars\n{\"f_bytes\": \"_-8=\", \"f_string\": \"\\ud83e\\udd80\\u0000\"}",
    "wide.Scalars\n{\"f_string\": \"\\ud83e\"}",
    "wide.Scalars\n{\"f_int32\": 1, \"f_int32\": 2}",
    "wide.Scalars\n{\"f_bool\": null, \"f_int32\": null}",
    "wide.Optionals\n{\"f_bool\": false, \"f_message\": {}}",
    "wide.Choices\n{\"f_int32\": 0, \"f_string\": \"\"}",
    "wide.Node\n{\"left\": {\"left\": {\"left\": {\"children\": [{}, {\"name\": \"x\"}]}}}, \"named\": {\"\": {}}}",
    "wide.WellKnown\n{\"timestamp\": \"1970-01-01T00:00:00.5+01:00\", \"duration\": \"-0.000000001s\"}",
    "wide.WellKnown\n{\"struct\": {\"a\": [1, null, {\"b\": \"c\"}]}, \"value\": null, \"any\": {\"value\": \"1s\", \"@type\": \"x/google.protobuf.Duration\"}}",
    "wide.WellKnown\n{\"any\": {\"@type\": \"x/google.protobuf.Any\", \"value\": {\"@type\": \"x/wide.Node\", \"name\": \"n\"}}}",
    "google.protobuf.Any\n{\"@type\": \"x/wide.Node\", \"name\": \"n\"}",
    "google.protobuf.Value\n[[[[[[[[]]]]]]]]",
    "google.protobuf.Timestamp\n\"9999-12-31T23:59:59.999999999Z\"",
    "google.protobuf.FieldMask\n\"a.bC,d\"",
    "wide.Node\n  {\n \"name\" : \"a\" }\n x",
    "wide.Node\n{",
    "wide.Node\n",
    "grpc.SignalProcessRequest\n{\"cid\": \"a\", \"signal\": \"SIGUSR1\"}",
];

const SETTERS: &[&str] = &[
    "wide.Scalars\nf_double=1e400\nf_float=NaN\nf_int32=0x7fffffff\nf_uint64=0b1_0\nf_int64=-0o17",
    "wide.Scalars\nf_level=highest\nf_level=-1\nf_level=2147483648\nf_bytes=hex:00ff\nf_bytes=base64:AA==",
    "wide.Scalars\nf_string=@@x\nf_string=null\nf_int32=null",
    "wide.Optionals\nf_message={\"f_int32\": 1}\nf_message.f_bool=1\nf_message=null\nf_message.f_bool=null",
    "wide.Lists\nf_int32=1\nf_int32=[2,3]\nf_int32[2]=4\nf_int32[9]=5\nf_int32=null\nf_string=[x\nf_string[0]=[y",
    "wide.Choices\nf_int32=1\nf_string=\nnode.name=a\nnode=null",
    "wide.Node\nnamed[a b=c].left.left={}\nnamed[\"]\\u0000\"].name=x\nnamed={\"a\":{}}\nnamed[a]=null",
    "wide.Node\nchildren={\"name\": \"a\"}\nchildren[1].children[0].name=b\nchildren[0]=null\nchildren.name=x",
    "wide.WellKnown\ntimestamp=1970-01-01T00:00:00Z\nduration=1.5s\ntimestamp.nanos=5\nstruct.a=1\nstruct.fields[a]=1",
    "wide.WellKnown\nany={\"@type\": \"x/wide.Node\"}\nany.type_url=y\nvalue=5\nvalue=[1\nvalue=null",
    "grpc.SignalProcessRequest\ncid=a\nsignal=usr1\nsignal=SIGKILL\nsignal=x",
    "wide.Node\na.b\n=x\n.=x\n[0]=x\nname[=x\nname[]=x\nname[\"a]=x\nname]=x\nleft..name=x",
    "wide.Node\nname=\u{202e}\u{1b}[2J\n\u{202e}=x\nleft.\u{1b}=x",
];

const CONFIGS: &[&str] = &[
    "{}",
    "{\"ociVersion\": \"1.0.2\", \"root\": {\"path\": \"rootfs\", \"readonly\": true}}",
    "{\"process\": {\"cwd\": \"/\", \"user\": {\"uid\": 0, \"gid\": 4294967295, \"additionalGids\": [1]}, \"args\": [\"sh\"], \"consoleSize\": {\"height\": 1, \"width\": 2}}}",
    "{\"process\": {\"cwd\": \"/\", \"user\": {\"uid\": 0, \"gid\": 0}, \"capabilities\": {\"bounding\": [\"CAP_KILL\"]}, \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"hard\": 1024, \"soft\": 18446744073709551615}], \"oomScoreAdj\": -1}}",
    "{\"mounts\": [{\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\", \"options\": [\"ro\"]}], \"annotations\": {\"a.b/c\": \"d\"}}",
    "{\"linux\": {\"namespaces\": [{\"type\": \"pid\"}], \"resources\": {\"memory\": {\"limit\": -1}, \"cpu\": {\"shares\": 1024, \"quota\": 1}, \"devices\": [{\"allow\": false, \"access\": \"rwm\"}]}, \"maskedPaths\": [\"/x\"], \"sysctl\": {\"net.a\": \"1\"}}}",
    "{\"linux\": {\"seccomp\": {\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86_64\"], \"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 0, \"value\": 18446744073709551615, \"op\": \"SCMP_CMP_EQ\"}]}]}}}",
    "{\"hooks\": {\"prestart\": [{\"path\": \"/a\", \"args\": [\"b\"], \"timeout\": 5}]}, \"hostname\": \"h\", \"unknown\": {\"a\": [1]}}",
    "{\"ociversion\": \"a\", \"ociVersion\": \"b\", \"Root\": {}}",
    "{\"root\": {\"path\": 5}}",
    "{\"mounts\": [{\"destination\": \"/\"}, {\"x\": \"\u{e9}\"}]}",
    "{\"process\": null, \"linux\": null}",
    "[]",
    "{\"a\": ",
    "",
];

const PROTOS: &[&str] = &[
    "syntax = \"proto3\";\npackage a;\n// Doc.\nmessage M { int32 a = 1; repeated string b = 2; map<string, M> c = 3; oneof o { bool d = 4; bytes e = 5; } optional float f = 6; reserved 7, 10 to max; reserved \"g\"; }\nenum E { option allow_alias = true; X = 0; Y = 0; Z = -1; }\nservice S { rpc R (M) returns (stream M); }\n",
    "syntax = \"proto3\";\nimport \"second.proto\";\nmessage A { b.B b = 1; }\n=== second.proto\nsyntax = \"proto3\";\npackage b;\nmessage B { message C {} C c = 1; enum D { X = 0; } D d = 2 [deprecated = true]; }\n",
    "syntax = \"proto3\";\nimport \"b.proto\";\n=== b.proto\nsyntax = \"proto3\";\nimport \"first.proto\";\n",
    "syntax = \"proto2\";\nmessage M { required int32 a = 1; optional group G = 2 { optional int32 x = 1; } extensions 100 to 199; }\nextend M { optional int32 e = 100; }\n",
    "syntax = \"proto3\";\nimport \"google/protobuf/any.proto\";\nimport public \"google/protobuf/timestamp.proto\";\nmessage M { google.protobuf.Any a = 1; google.protobuf.Timestamp t = 2; }\n",
    "syntax = \"proto3\";\nimport \"x/y/third.proto\";\n=== third.proto\nsyntax = \"proto3\";\noption go_package = \"a\\x41\";\n",
    "syntax = \"proto3\";\nmessage M { int32 a = 1; int32 a = 1; int32 _a = 19000; int32 b = 536870912; }\n",
    "syntax = \"proto3\";\nmessage M { Missing m = 1; map<float, M> x = 2; }\n",
    "syntax = \"proto3\";\nenum E { A = 1; }\nmessage M { E e = 1 [json_name = \"x\\u0041\"]; }\n",
    "edition = \"2023\";\nmessage M {}\n",
    "message M { optional int32 a = 1 [default = -5]; optional double d = 2 [default = inf]; }\n",
    "syntax = \"proto3\";\n/* unclosed",
    "syntax = \"proto3\";\nmessage M { string s = 1; ",
    "\u{feff}syntax = \"proto3\";\noption (custom).a = { b: [1, 2] c { d: \"e\" } };\n",
    "",
];

const FRAMES: &[&[u8]] = &[
    // A plain call: an empty response, one with a payload, one with a status.
    b"\0\0\0\0\0\0\0\0\x01\x02\0",
    b"\0\0\0\0\x03\0\0\0\x01\x02\0\x12\x01x",
    b"\0\0\0\0\x07\0\0\0\x01\x02\0\x0a\x05\x08\x0d\x12\x01x",
    b"\0\0\0\0\x0e\0\0\0\x01\x02\0\x0a\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x12\0",
    // Two calls.
    b"\0\0\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\0\0\x03\x02\0",
    // Cut, too long, of another stream, type or direction, with flags.
    b"\0\0\0\0\x05",
    b"\0\0\0\0\x05\0\0\0\x01\x02\0ab",
    b"\0\0\x40\0\0\0\0\0\x01\x02\0ab",
    b"\0\0\x40\0\x01\0\0\0\x01\x02\0ab",
    b"\0\xff\xff\xff\xff\0\0\0\x01\x02\0",
    b"\0\0\0\0\0\0\0\0\x02\x02\0",
    b"\0\0\0\0\0\0\0\0\x01\x01\0",
    b"\0\0\0\0\0\0\0\0\x01\x03\x01",
    b"\0\0\0\0\0\0\0\0\x01\xff\xff",
    b"\0\0\0\0\x07\0\0\0\x01\x02\0garbage",
    b"\0HTTP/1.1 400 Bad Request\r\n\r\n",
    // Streams: from the client, from the agent, both ways.
    b"\x01\0\0\0\x03\0\0\0\x01\x02\0\x12\x01x",
    b"\x02\0\0\0\x01\0\0\0\x01\x03\0x\0\0\0\x01\0\0\0\x01\x03\x01y",
    b"\x02\0\0\0\x01\0\0\0\x01\x03\0x\0\0\0\0\0\0\0\x01\x03\x05",
    b"\x03\0\0\0\x01\0\0\0\x01\x03\x02x\0\0\0\x07\0\0\0\x01\x02\0\x0a\x05\x08\x05\x12\x01x",
];

/// What policies, requests and denials are read from, after a line that says which it is.
const POLICIES: &[&str] = &[
    "denial\nExecProcessRequest is blocked by policy: agent_policy:6: asked for [\"sh\"] agent_policy:12: trying [\"ls\"]",
    "denial\nError: \"rpc error: desc = \\\"R is blocked by policy: p:1: a \\\\\\\"b\\\\\\\" p:2: c\\\": unknown\"",
    "denial\n\u{1b}[31mERRO\u{1b}[0m error=\"R is blocked by policy: p:1: \\u003ca\\u003e \\u001b[1mp:2: b\\u001b[0m\"",
    "denial\nReadStreamRequest is blocked by policy: agent_policy:10:\nagent_policy:11: of a terminal that\nis narrow",
    "denial\n\"R is blocked by policy: p:1: \\u{1b}\\x07\\",
    "requests\n[{\"description\": \"a\", \"allowed\": true, \"kind\": \"ExecProcessRequest\", \"request\": {\"process\": {\"Args\": [\"sh\"]}}}]",
    "requests\n[{\"request\": {\"type\": \"CopyFile\", \"path\": \"/a\", \"file_type\": \"Regular\", \"no\": 1}}]",
    "requests\n{\"kind\":\"StartContainerRequest\",\"request\":{\"container_id\":\"0123456789abcdef0123456789abcdef\"}}\n{\"kind\":\"StartContainerRequest\",\"data\":{\"container_id\":\"00000000000000000000000000000001\"}}\n",
    "requests\n{\"kind\":\"CreateContainerRequest\",\"request\":{\"OCI\":{\"Annotations\":{\"io.kubernetes.cri.sandbox-uid\":\"5b2c5a1e-9d5c-4f7e-8a39-0c1f2d3e4b5a\"},\"Linux\":{\"CgroupsPath\":\"/kubepods-pod5b2c5a1e_9d5c_4f7e_8a39_0c1f2d3e4b5a.slice\"}}}}",
    "requests\n{\"kind\":\"AllowRequestsFailingPolicy\",\"request\":{}}\n{\"kind\":\"X\",\"request\":{\"allowed\":true,\"ops\":[]}}",
    "p.yaml\nkind: Pod\nmetadata:\n  annotations:\n    io.katacontainers.config.agent.policy: cGFja2FnZSBhZ2VudF9wb2xpY3kK\n",
    "p.yaml\n- &a [1]\n- [*a, {b: *a}]\n---\nkind: List\nitems: []\n",
    "p.yaml\nmetadata:\n  annotations:\n    io.katacontainers.config.hypervisor.cc_init_data: H4sIAAAAAAAAA4tOSSxJjOUCAFbr8IAHAAAA\n",
    "p.toml\n[data]\n\"policy.rego\" = \"\"\"\npackage agent_policy\n\"\"\"\n",
    "stdin\nH4sIAAAAAAAAA4tOSSxJjOXiUirIz8lMrtQrSk3PV1KwVVBXV+cqSEzOTkxPVUhMT80riYfIc6krAABMkmFFMQAAAA==",
    "stdin\n# comment\npackage agent_policy\n",
];
