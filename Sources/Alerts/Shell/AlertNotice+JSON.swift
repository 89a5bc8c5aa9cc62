import Alerting
import JSON
import Nouns

extension AlertNotice {
    /// What a target is given.
    func json(node: String) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object {
            $0.member("version", 1)
            $0.member("state", state.rawValue)
            $0.member("alert", alert.key.name)
            $0.member("subject", alert.key.subject)
            $0.member("text", alert.text)
            $0.member("node", node)
            $0.member("since", Timestamp(since).text)
            $0.member("at", Timestamp(at).text)
        }
        return writer.bytes
    }
}
