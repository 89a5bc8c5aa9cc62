import HTTP
import Routing

/// A request whose project is not known before its token is checked.
struct HeldRequest {
    let head: RequestHead
    /// The head's own copy.
    let bytes: [UInt8]
    let request: Gate.Request
    let token: OperatorToken
    let forwarding: Forwarding
}
