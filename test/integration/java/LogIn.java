import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;

/** Connects as its system properties tell it, and says who it is and what state it came to. */
public class LogIn {
    public static void main(String[] arguments) throws Exception {
        String path = arguments[1];
        CountDownLatch decided = new CountDownLatch(1);
        ZooKeeper zookeeper = new ZooKeeper(arguments[0], 10_000, event -> {
            System.out.println("state " + event.getState());
            if (event.getState() == KeeperState.AuthFailed) decided.countDown();
            if (event.getState() == KeeperState.SyncConnected) decided.countDown();
        });
        if (!decided.await(15, TimeUnit.SECONDS)) System.out.println("undecided");
        try {
            zookeeper.create(path, new byte[0], ZooDefs.Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
            for (ACL acl : zookeeper.getACL(path, null))
                System.out.println("acl " + acl.getId().getScheme() + " " + acl.getId().getId());
            List<ClientInfo> ids = zookeeper.whoAmI();
            for (ClientInfo id : ids) System.out.println("id " + id.getAuthScheme() + " " + id.getUser());
        } catch (KeeperException e) {
            System.out.println("refused " + e.code());
        }
        zookeeper.close(2000);
        System.exit(0);
    }
}
