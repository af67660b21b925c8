import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryForever;

/** Curator's clients, which repeat what a leader's death interrupts. */
final class Curators {
  /** How often any client lost its connection. */
  static final AtomicInteger SUSPENDED = new AtomicInteger();
  /** How often any client lost its session. */
  static final AtomicInteger LOST = new AtomicInteger();

  static List<CuratorFramework> start(String hosts, int count) throws Exception {
    List<CuratorFramework> clients = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      CuratorFramework client = CuratorFrameworkFactory.builder()
          .connectString(hosts).sessionTimeoutMs(10_000).connectionTimeoutMs(10_000)
          .retryPolicy(new RetryForever(50)).build();
      client.getConnectionStateListenable().addListener((which, state) -> {
        if (state == ConnectionState.SUSPENDED) SUSPENDED.incrementAndGet();
        if (state == ConnectionState.LOST) LOST.incrementAndGet();
      });
      client.start();
      client.blockUntilConnected();
      clients.add(client);
    }
    return clients;
  }

  /** The children of a path, sorted, no older than anything acknowledged to anybody before. */
  static List<String> fresh(CuratorFramework client, String path) throws Exception {
    client.sync().forPath(path);
    List<String> children = new ArrayList<>(client.getChildren().forPath(path));
    children.sort(null);
    return children;
  }

  static int number(byte[] data) {
    return data.length == 0 ? 0 : Integer.parseInt(new String(data));
  }

  static byte[] bytes(Object value) {
    return String.valueOf(value).getBytes();
  }
}
