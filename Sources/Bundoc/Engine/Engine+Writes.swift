import Documents
import JSON
import Nouns

extension Engine {
    /// What a write comes to, given what is stored. Nothing is changed yet.
    struct Decision {
        var effects: [Effect]
        var answer: Answer
    }

    func decide(_ operation: Operation) throws -> Decision {
        switch operation {
        case .createCollection(let name, let isAllowedToExist):
            return try createCollection(name, isAllowedToExist: isAllowedToExist)
        case .dropCollection(let name):
            guard let number = try store.number(of: name) else { throw Self.collectionNotFound(name) }
            return Decision(effects: [.dropCollection(number)], answer: Answer(status: 204))
        case .create(let collection, let id, let object): return try create(collection, id, object)
        case .replace(let place, let object, let precondition): return try replace(place, object, precondition)
        case .patch(let place, let patch, let precondition): return try apply(patch, to: place, precondition)
        case .delete(let place, let precondition): return try delete(place, precondition)
        case .listCollections, .describeCollection, .list, .get, .read:
            preconditionFailure("a read decides nothing")
        }
    }

    private func createCollection(_ name: CollectionName, isAllowedToExist: Bool) throws -> Decision {
        let exists = try store.number(of: name) != nil
        guard !exists || isAllowedToExist else {
            throw Fault(409, "collection.exists", "collection already exists")
        }
        var writer = JSONWriter()
        writer.object {
            $0.member("name", name.text)
            $0.member("schema", .null)
        }
        guard !exists else { return Decision(effects: [], answer: Answer(body: writer.bytes)) }
        return Decision(
            effects: [.createCollection(try newNumber(), name: name.text)],
            answer: Answer(status: 201, body: writer.bytes))
    }

    private func create(_ collection: CollectionName, _ id: DocumentID?, _ object: JSONObject) throws -> Decision {
        var effects: [Effect] = []
        let number = try existingOrNew(collection, &effects)
        if let id, effects.isEmpty, try store.revision(number, id.text) != nil {
            throw Fault(
                409, "document.exists",
                "There is a document with this _id already; use PUT to put another in its place.")
        }
        return try put(number, id ?? newID(), object, status: 201, effects)
    }

    private func replace(
        _ place: Operation.Place, _ object: JSONObject, _ precondition: Precondition
    ) throws -> Decision {
        switch object[DocumentID.member] {
        case nil, .null: break
        case .string(let text) where text.utf8.elementsEqual(place.id.text.utf8): break
        default: throw DocumentPatch.idFixed
        }
        let existing = try store.number(of: place.collection)
        let revision = try existing.flatMap { try store.revision($0, place.id.text) }
        try precondition.check(revision)
        var effects: [Effect] = []
        let number = try existing ?? existingOrNew(place.collection, &effects)
        return try put(number, place.id, object, status: revision == nil ? 201 : 200, effects)
    }

    private func apply(
        _ patch: DocumentPatch, to place: Operation.Place, _ precondition: Precondition
    ) throws -> Decision {
        guard let number = try store.number(of: place.collection) else {
            throw Self.collectionNotFound(place.collection)
        }
        guard let stored = try store.document(number, place.id.text) else {
            try precondition.check(nil)
            throw Self.documentNotFound
        }
        try precondition.check(stored.revision)
        let merged = try patch.applied(to: try Self.decoded(stored.bytes), id: place.id)
        return try put(number, place.id, merged, status: 200, [])
    }

    private func delete(_ place: Operation.Place, _ precondition: Precondition) throws -> Decision {
        let number = try store.number(of: place.collection)
        let revision = try number.flatMap { try store.revision($0, place.id.text) }
        try precondition.check(revision)
        guard let number, revision != nil else { return Decision(effects: [], answer: Answer(status: 204)) }
        return Decision(effects: [.delete(number, id: place.id.text)], answer: Answer(status: 204))
    }

    private func put(
        _ number: CollectionNumber, _ id: DocumentID, _ object: JSONObject, status: Int, _ effects: [Effect]
    ) throws -> Decision {
        let bytes = DocumentForm.text.encode(object, id: id)
        try settings.limits.check(bytes)
        let revision = Revision(nextRevision.number + UInt64(effects.count))
        return Decision(
            effects: effects + [.put(number, id: id.text, document: bytes)],
            answer: Answer(status: status, body: bytes, revision: revision))
    }

    /// Adds the effect that makes the collection when it is missing.
    private func existingOrNew(_ name: CollectionName, _ effects: inout [Effect]) throws -> CollectionNumber {
        if let number = try store.number(of: name) { return number }
        let number = try newNumber()
        effects.append(.createCollection(number, name: name.text))
        return number
    }

    private func newNumber() throws -> CollectionNumber {
        guard try store.collectionCount() < settings.limits.collectionsMax else {
            throw Fault(
                409, "collection.too_many",
                "A project has at most \(settings.limits.collectionsMax) collections; drop one first.")
        }
        return CollectionNumber(store.position.collection.number + 1)
    }

    private func newID() -> DocumentID {
        generator.next(at: now(), random: (random.next(), random.next()))
    }

    static func decoded(_ stored: [UInt8]) throws(Fault) -> JSONObject {
        guard let form = DocumentForm(of: stored), let object = form.decode(stored) else {
            throw Fault(
                500, "storage.corrupt", "A stored document cannot be read; restore a backup.", party: .instance)
        }
        return object
    }

    static func collectionNotFound(_ name: CollectionName) -> Fault {
        Fault(404, "collection.not_found", "collection not found")
    }

    static let documentNotFound = Fault(404, "document.not_found", "document not found")
}
