/// What the access log says of a request whatever becomes of it. Made only while there is an access log.
final class AccessSubject {
    let requestID: String
    let client: String
    let method: String
    /// Without the query: keys may stand in it.
    let path: String

    init(requestID: String, client: String, method: String, path: String) {
        (self.requestID, self.client, self.method, self.path) = (requestID, client, method, path)
    }
}
