import HTTP
import JSON
import Nouns

/// Reads operations from requests.
///
/// Below `/v1/projects/{project}/databases/{any}`:
///
///     GET POST           collections
///     GET PATCH DELETE   collections/{c}             PATCH collections/{c}/rules
///     GET POST           collections/{c}/documents, documents/{c}
///     GET PUT PATCH DELETE   collections/{c}/documents/{id}, documents/{c}/{id}
///     GET POST DELETE    collections/{c}/indexes…, indexes
///     POST               documents/query, collections/{c}/documents/query
///
/// A collection's name may go over several segments.
package struct OperationReader: Sendable {
    package struct Request: Sendable {
        package var method: Method
        package var path: RequestPath
        package var ifMatch: String?
        package var ifNoneMatch: String?
        package var body: [UInt8]

        package init(
            method: Method, path: RequestPath, ifMatch: String? = nil, ifNoneMatch: String? = nil, body: [UInt8] = []
        ) {
            (self.method, self.path, self.ifMatch) = (method, path, ifMatch)
            (self.ifNoneMatch, self.body) = (ifNoneMatch, body)
        }
    }

    private let limits: DocumentLimits

    package init(limits: DocumentLimits) { self.limits = limits }

    /// - Throws: 404 `route.unknown`, 405 `method.not_allowed`, 501 `feature.unavailable`, and what the parts throw.
    package func operation(_ request: Request) throws(Fault) -> Operation {
        let segments = request.path.segments
        switch segments.first {
        case "collections": return try collections(Array(segments.dropFirst()), request)
        case "documents": return try documents(Array(segments.dropFirst()), request)
        case "indexes": throw Self.unavailable("Indexes")
        default: throw RequestPath.unknown
        }
    }

    // MARK: collections/…

    private func collections(_ names: [String], _ request: Request) throws(Fault) -> Operation {
        guard !names.isEmpty else {
            switch request.method {
            case .get: return .listCollections(prefix: request.path.query["prefix"] ?? "")
            case .post: return try createCollection(request.body)
            default: throw Self.notAllowed
            }
        }
        // The first segment is a name in any case; the words count only behind it.
        if let index = names.dropFirst().firstIndex(of: "documents") {
            let collection = try CollectionName(names[..<index].joined(separator: "/"))
            return try inCollection(collection, Array(names[(index + 1)...]), request)
        }
        if names.count > 1, names.last == "rules" { throw Self.unavailable("Security rules") }
        if names.dropFirst().contains("indexes") { throw Self.unavailable("Indexes") }
        if names.count > 1, names.last == "subscribe" { throw Self.unavailable("Subscriptions") }
        let collection = try CollectionName(names.joined(separator: "/"))
        switch request.method {
        case .get: return .describeCollection(collection)
        case .patch: throw Self.unavailable("Schemas")
        case .delete: return .dropCollection(collection)
        default: throw Self.notAllowed
        }
    }

    private func createCollection(_ body: [UInt8]) throws(Fault) -> Operation {
        let object = try limits.object(body)
        guard let name = object["name"]?.string else {
            throw Fault(400, "collection.name_missing", "collection name is required: send {\"name\": \"…\"}.")
        }
        guard object["schema"]?.isNull ?? true else { throw Self.unavailable("Schemas") }
        return .createCollection(
            try CollectionName(name), isAllowedToExist: object["update_if_exists"]?.bool ?? false)
    }

    private func inCollection(
        _ collection: CollectionName, _ rest: [String], _ request: Request
    ) throws(Fault) -> Operation {
        switch (rest.count, request.method) {
        case (0, .get): return .list(collection, try listOptions(request.path.query))
        case (0, .post): return try create(collection, request.body)
        case (1, .post) where rest[0] == "query": throw Self.unavailable("Queries")
        case (2, _) where rest == ["query", "subscribe"]: throw Self.unavailable("Subscriptions")
        case (1, let method) where method != .post:
            return try onDocument(Operation.Place(collection, try DocumentID(rest[0])), request)
        case (0...1, _): throw Self.notAllowed
        default: throw RequestPath.unknown
        }
    }

    // MARK: documents/…

    private func documents(_ path: [String], _ request: Request) throws(Fault) -> Operation {
        guard !path.isEmpty else { throw RequestPath.unknown }
        switch request.method {
        case .post:
            if path == ["query"] { throw Self.unavailable("Queries") }
            if path == ["query", "subscribe"] { throw Self.unavailable("Subscriptions") }
            return try create(try CollectionName(path.joined(separator: "/")), request.body)
        case .get:
            if path.contains(where: { $0.contains("*") }) { throw Self.unavailable("Group queries") }
            return try read(path, try listOptions(request.path.query))
        case .put, .patch, .delete:
            guard path.count > 1 else { throw Self.notAllowed }
            return try onDocument(try place(path), request)
        default: throw Self.notAllowed
        }
    }

    /// The last segment is the document, the others are its collection.
    private func place(_ path: [String]) throws(Fault) -> Operation.Place {
        Operation.Place(
            try CollectionName(path.dropLast().joined(separator: "/")), try DocumentID(path[path.count - 1]))
    }

    private func read(_ path: [String], _ options: ListOptions) throws(Fault) -> Operation {
        let collection = try? CollectionName(path.joined(separator: "/"))
        let document = path.count > 1 ? try? place(path) : nil
        guard collection != nil || document != nil else { throw RequestPath.unknown }
        return .read(collection: collection, document: document, options)
    }

    // MARK: Parts

    private func create(_ collection: CollectionName, _ body: [UInt8]) throws(Fault) -> Operation {
        let object = try limits.object(body)
        switch object[DocumentID.member] {
        case nil, .null: return .create(collection, id: nil, object)
        case .string(let text): return .create(collection, id: try DocumentID(text), object)
        default: throw DocumentID.malformed
        }
    }

    private func onDocument(_ place: Operation.Place, _ request: Request) throws(Fault) -> Operation {
        switch request.method {
        case .get:
            return .get(place, try Projection(request.path.query["fields"] ?? "", max: limits.fieldsMax))
        case .put: return .replace(place, try limits.object(request.body), try precondition(request))
        case .patch:
            return .patch(place, try DocumentPatch(try limits.object(request.body)), try precondition(request))
        case .delete: return .delete(place, try precondition(request))
        default: throw Self.notAllowed
        }
    }

    private func precondition(_ request: Request) throws(Fault) -> Precondition {
        try Precondition(ifMatch: request.ifMatch, ifNoneMatch: request.ifNoneMatch)
    }

    private func listOptions(_ query: [String: String]) throws(Fault) -> ListOptions {
        let limit = try number(query["limit"], "limit", in: 0...Int.max) ?? limits.listDefault
        return ListOptions(
            skip: try number(query["skip"], "skip", in: 0...limits.skipMax) ?? 0,
            limit: limit == 0 ? limits.listMax : min(limit, limits.listMax), after: query["after"],
            projection: try Projection(query["fields"] ?? "", max: limits.fieldsMax))
    }

    private func number(_ text: String?, _ name: String, in range: ClosedRange<Int>) throws(Fault) -> Int? {
        guard let text, !text.isEmpty else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let allowed = range.upperBound == .max ? "or more" : "to \(range.upperBound)"
            throw Fault(400, "request.query_malformed", "\(name) must be a number of \(range.lowerBound) \(allowed).")
        }
        return number
    }

    private static let notAllowed = Fault(
        405, "method.not_allowed", "This method means nothing at this path; see the paths of the database.")

    private static func unavailable(_ what: String) -> Fault {
        Fault(
            501, "feature.unavailable", "\(what) are not available in this version; nothing was changed.",
            party: .cluster)
    }
}
