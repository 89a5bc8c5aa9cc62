import BunderEngine
import Glibc

exit(runBunder())
