import JSON

/// What a request asks of the database, checked in form but not yet against what is stored.
package enum Operation: Hashable, Sendable {
    case listCollections(prefix: String)
    /// With `isAllowedToExist` an existing one is not an error.
    case createCollection(CollectionName, isAllowedToExist: Bool)
    case describeCollection(CollectionName)
    case dropCollection(CollectionName)

    /// Without an id one is generated. Makes the collection when it is missing.
    case create(CollectionName, id: DocumentID?, JSONObject)
    case list(CollectionName, ListOptions)
    case get(Place, Projection)
    /// Puts a document in the place of another, or makes it, and the collection likewise.
    case replace(Place, JSONObject, Precondition)
    case patch(Place, DocumentPatch, Precondition)
    case delete(Place, Precondition)
    /// What lies at a path that may be a collection's (answered like `list`) or a document's (like `get`). Either is
    /// nil where the path cannot be one.
    case read(collection: CollectionName?, document: Place?, ListOptions)

    /// Where a document lies.
    package struct Place: Hashable, Sendable {
        package let collection: CollectionName
        package let id: DocumentID

        package init(_ collection: CollectionName, _ id: DocumentID) { (self.collection, self.id) = (collection, id) }
    }

    /// Changes nothing, so that it may be answered from what is committed.
    package var isRead: Bool {
        switch self {
        case .listCollections, .describeCollection, .list, .get, .read: true
        case .createCollection, .dropCollection, .create, .replace, .patch, .delete: false
        }
    }

    /// Only makes data less: served from the reserve when the disk is full.
    package var isRemoval: Bool {
        switch self {
        case .dropCollection, .delete: true
        default: false
        }
    }
}

/// Which part of a collection an answer holds.
package struct ListOptions: Hashable, Sendable {
    package var skip: Int
    /// 1 or more.
    package var limit: Int
    /// Only documents whose ids come behind this one: cheaper than `skip`.
    package var after: String?
    package var projection: Projection

    package init(skip: Int = 0, limit: Int, after: String? = nil, projection: Projection = .all) {
        (self.skip, self.limit, self.after, self.projection) = (skip, limit, after, projection)
    }
}
