/// The header fields that only the front may set on a request to an instance. It strips them from what clients send.
package enum ReservedHeader {
    /// Everything that begins so is ours.
    package static let prefix = "x-bunbase-"
    /// The original's identity fields; stripped from clients likewise.
    package static let bundocPrefix = "x-bundoc-"

    /// The one field of ours that clients do send: the project's key.
    package static let clientKey = "x-bunbase-client-key"

    package static let token = "x-bunbase-token"
    /// To instances, the project's id. From a client with a token that opens several, the slug or id of the one it
    /// means; the front takes it out and says its own.
    package static let project = "x-bunbase-project"
    /// Who asks: `key`, `public`, or `token:` and the token's id.
    package static let identity = "x-bunbase-identity"
    /// Also sent back to clients, as `x-request-id`.
    package static let requestID = "x-bunbase-request-id"
}
