/// What the access log says of a request whatever becomes of it. Made only while there is an access log.
struct AccessSubject {
    var requestID: String
    var client: String
    var method: String
    /// Without the query: keys may stand in it.
    var path: String
}
