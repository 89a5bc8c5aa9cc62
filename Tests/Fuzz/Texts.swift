import Contracts
import HTTP
import JSON

extension FuzzTarget {
    package static let json = FuzzTarget(
        "json",
        seeds: [
            #"{"a":[1,-2.5e3,true,null,"b\né"],"c":{}}"#, "[]", "0.1", #""\ud83d\ude00""#, "[[[[]]]]", "1e999",
            "123456789012345678901234567890", #"{"a":1,"a":2}"#,
        ],
        words: [#"\u"#, "\\ud83d\\ude00", "true", "null", "1e-5", "[", "{\"", "\":"]
    ) { bytes in
        guard let value = try? JSONValue(parsing: Array(bytes)) else { return }
        let written = value.bytes
        guard let again = try? JSONValue(parsing: written) else {
            throw Broken("not read again: \(String(decoding: written, as: UTF8.self))")
        }
        try demand(again.bytes == written, "written once \(written), twice \(again.bytes)")
    }

    /// Packets of the internal channels.
    package static let message = FuzzTarget(
        "message",
        seeds: [
            "TYPE=hello\nVERSION=1\nSESSION=7\n", "TYPE=handoff\nVERSION=1\n\nbody", "TYPE=a\n\n", "TYPE=\n",
            "TYPE=grant\nTICKET=1\nINSTANCE=acme/bundoc\nGENERATION=1\nPORT=9000\n"
                + "TOKEN=00000000000000000000000000000001\n",
            "TYPE=refuse\nTICKET=1\nSTATUS=503\nCODE=a.b\nMESSAGE=c\n",
            "TYPE=project\nPROJECT=a\nSLUG=b\nKEY=pk_0123456789abcdef0123456789abcdef\nTABLE=1\n",
        ],
        words: ["TYPE=", "\n\n", "=", "assign", "route", "limits", "revoke", "GENERATION=", "INSTANCE="]
    ) { bytes in
        guard let message = try? Message(decoding: Array(bytes)) else { return }
        try demand((try? Message(decoding: message.encoded())) == message, "not the same again: \(message)")
        // Whatever a peer says is understood or refused.
        _ = try? LeaseChannel.FromFront(message)
        _ = try? LeaseChannel.FromSupervisor(message)
        _ = try? KeyChannel.FromFront(message)
        _ = try? KeyChannel.FromPlatform(message)
        _ = try? ControlChannel.FromSupervisor(message)
        _ = try? HandOff(message)
        _ = try? HandOff.Answer(message)
    }

    package static let query = FuzzTarget(
        "query", seeds: ["a=1&b=%20c+d&&e", "key=pk_0&k%65y=x", "%", "%0", "=&=", "a=%ff"], words: ["%20", "&", "key="]
    ) { bytes in
        var pairs = 0
        try Query(bytes).forEach { pair in
            pairs += pair.whole.count
            return true
        }
        try demand(pairs <= bytes.count, "\(pairs) bytes of \(bytes.count)")
        _ = try? Query(bytes).first("key")
        _ = try? PercentCoding.decodeText(bytes, isForm: true)
        let encoded = PercentCoding.encode(bytes)
        let decoded = try encoded.withUnsafeBytes { try PercentCoding.decode($0) }
        try demand(decoded == Array(bytes), "encoded \(encoded), decoded \(decoded)")
    }
}
