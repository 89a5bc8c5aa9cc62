import Documents
import JSON
import Nouns

extension Engine {
    /// Answers from the store as it is, the open transaction included.
    func read(_ operation: Operation) -> Result<Answer, Fault> {
        Result { () throws(Fault) in try attempt { try answer(to: operation) } }
    }

    private func answer(to operation: Operation) throws -> Answer {
        switch operation {
        case .listCollections(let prefix):
            let names = try store.collections(prefix: prefix, max: settings.limits.collectionsMax)
            var writer = JSONWriter()
            writer.object { $0.member("collections") { $0.array { for name in names { $0.value(name) } } } }
            return Answer(body: writer.bytes)
        case .describeCollection(let name):
            guard try store.number(of: name) != nil else { throw Self.collectionNotFound(name) }
            var writer = JSONWriter()
            writer.object {
                $0.member("name", name.text)
                // A string, empty without a schema: the form that clients know.
                $0.member("schema", "")
                $0.member("rules", .null)
            }
            return Answer(body: writer.bytes)
        case .list(let name, let options):
            guard let number = try store.number(of: name) else { throw Self.collectionNotFound(name) }
            return try list(number, options)
        case .get(let place, let projection): return try get(place, projection)
        case .read(let collection, let document, let options):
            if let collection, let number = try store.number(of: collection) { return try list(number, options) }
            guard let document else { throw Self.collectionNotFound(collection!) }
            return try get(document, options.projection)
        case .createCollection, .dropCollection, .create, .replace, .patch, .delete:
            preconditionFailure("a write is no read")
        }
    }

    private func get(_ place: Operation.Place, _ projection: Projection) throws -> Answer {
        guard let number = try store.number(of: place.collection),
            let stored = try store.document(number, place.id.text)
        else { throw Self.documentNotFound }
        guard projection != .all else { return Answer(body: stored.bytes, revision: stored.revision) }
        let shown = projection.applied(to: try Self.decoded(stored.bytes))
        return Answer(body: JSONValue.object(shown).bytes, revision: stored.revision)
    }

    /// `{"documents":[…]}`, and `"next"` when the answer ended before the collection did: the id to go on `after`.
    private func list(_ number: CollectionNumber, _ options: ListOptions) throws -> Answer {
        var body = Array("{\"documents\":[".utf8)
        var count = 0
        var last = ""
        var hasMore = false
        var failure: Fault?
        try store.forEachDocument(
            in: number, after: options.after ?? "", skip: options.skip, limit: options.limit + 1
        ) { id, document in
            guard count < options.limit,
                count == 0 || body.count + document.count <= settings.limits.listBytesMax
            else {
                hasMore = true
                return false
            }
            if count > 0 { body.append(UInt8(ascii: ",")) }
            do throws(Fault) {
                try append(document, options.projection, to: &body)
            } catch {
                failure = error
                return false
            }
            count += 1
            last = id()
            return true
        }
        if let failure { throw failure }
        body.append(UInt8(ascii: "]"))
        if hasMore {
            body += ",\"next\":".utf8
            body += JSONValue.string(last).bytes
        }
        body.append(UInt8(ascii: "}"))
        return Answer(body: body)
    }

    private func append(
        _ document: UnsafeRawBufferPointer, _ projection: Projection, to body: inout [UInt8]
    ) throws(Fault) {
        guard projection != .all else { return body.append(contentsOf: document) }
        body += JSONValue.object(projection.applied(to: try Self.decoded([UInt8](document)))).bytes
    }
}
