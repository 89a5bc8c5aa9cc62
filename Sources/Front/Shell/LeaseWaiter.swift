import Nouns
import Routing

/// What waits for an instance's lease and then uses it: a request, or a Redis client on its way.
protocol LeaseWaiter: AnyObject {
    var number: LeaseBook.Waiter { get }
    var instance: InstanceID { get }
    /// Where it is counted in.
    var gauge: ProjectGauge? { get }
    /// Set while the lease is used.
    var use: LeaseBook.Use? { get }
    /// The instance can be reached. `wake` is how long this waited, if the instance had to be woken.
    func proceed(_ use: LeaseBook.Use, wake: Duration?)
    func refuse(_ fault: Fault)
    /// The lease is gone, with it what is under way.
    func abort(_ fault: Fault)
}
