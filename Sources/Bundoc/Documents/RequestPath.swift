import Nouns

/// A request's path and query, taken apart: `/v1/projects/{project}/databases/{any}/…`.
package struct RequestPath: Hashable, Sendable {
    package let project: String
    /// What follows the database.
    package let segments: [String]
    /// Of several values of one name the first counts.
    package let query: [String: String]

    /// - Parameter segments: decoded; an empty last one, from a slash at the end, is left out.
    /// - Throws: 404 `route.unknown`.
    package init(_ segments: [String], query: [(name: String, value: String)] = []) throws(Fault) {
        var segments = segments[...]
        if segments.last?.isEmpty == true { segments.removeLast() }
        guard segments.count > 4, segments[0] == "v1", segments[1] == "projects", segments[3] == "databases" else {
            throw Self.unknown
        }
        project = segments[2]
        self.segments = Array(segments[5...])
        self.query = Dictionary(query.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    package static let unknown = Fault(
        404, "route.unknown", "There is nothing at this path; see the paths of the database in the documentation.")
}
