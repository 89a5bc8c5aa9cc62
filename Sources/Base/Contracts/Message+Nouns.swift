import Nouns

extension Message {
    init(_ type: String, _ instance: InstanceID, _ generation: Generation) {
        self.init(type)
        set("INSTANCE", instance)
        set("GENERATION", generation)
    }

    func instance() throws(Malformed) -> InstanceID { try required("INSTANCE") { InstanceID($0) } }
    func generation() throws(Malformed) -> Generation { try required("GENERATION") { Generation($0) } }
    func ticket() throws(Malformed) -> UInt64 { try required("TICKET") { UInt64($0) } }

    func milliseconds(_ key: String) throws(Malformed) -> Duration {
        .milliseconds(try required(key) { Int64($0) })
    }

    mutating func set(_ fault: Fault) {
        set("STATUS", fault.status)
        set("CODE", fault.code)
        set("MESSAGE", fault.message)
        set("PARTY", fault.party.rawValue)
        set("RETRY_MS", fault.retryAfter?.millisecondsRoundedUp)
    }

    func fault() throws(Malformed) -> Fault {
        Fault(
            try required("STATUS") { Int($0) }, try required("CODE"), try required("MESSAGE"),
            party: try required("PARTY") { Fault.Party(rawValue: $0) },
            retryAfter: try optional("RETRY_MS") { Int64($0) }.map { .milliseconds($0) })
    }
}
