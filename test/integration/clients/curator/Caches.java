import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Callable;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;
import org.apache.curator.framework.recipes.watch.PersistentWatcher;

/**
 * Curator's caches, old (one-shot watches) and new (persistent ones): what they hold is what is there. Each kind has a
 * client of its own: where both watch one path on one connection, Apache 3.8.0 loses the persistent watch.
 */
@SuppressWarnings("deprecation")
final class Caches {
  private static final String ROOT = "/cached";
  private static CuratorFramework writer;

  public static void main(String[] args) {
    Harness.run(() -> {
      List<CuratorFramework> clients = Curators.start(args[0], 3);
      writer = clients.get(0);
      CuratorFramework reader = clients.get(1);
      CuratorFramework lasting = clients.get(2);
      for (String path : List.of("/a", "/a/1", "/a/2", "/b")) put(path, "first");
      for (CuratorFramework client : clients) Curators.fresh(client, ROOT);

      PathChildrenCache children = new PathChildrenCache(reader, ROOT, true);
      children.start(PathChildrenCache.StartMode.BUILD_INITIAL_CACHE);
      TreeCache tree = new TreeCache(reader, ROOT);
      tree.start();
      NodeCache node = new NodeCache(reader, ROOT + "/a");
      node.start(true);
      CuratorCache cache = CuratorCache.build(lasting, ROOT);
      cache.start();
      List<String> watched = new CopyOnWriteArrayList<>();
      PersistentWatcher watcher = new PersistentWatcher(lasting, ROOT + "/a", true);
      watcher.getListenable().addListener(event -> watched.add(event.getType() + " " + event.getPath()));
      watcher.start();

      Callable<Boolean> allRight = () -> {
        Map<String, String> actual = actual(ROOT, new TreeMap<>());
        Map<String, String> direct = new TreeMap<>(actual);
        direct.keySet().removeIf(path -> path.equals(ROOT) || path.lastIndexOf('/') != ROOT.length());
        return held(tree, ROOT, new TreeMap<>()).equals(actual)
            && held(cache.stream().toList()).equals(actual)
            && held(children.getCurrentData()).equals(direct)
            && node.getCurrentData() != null
            && new String(node.getCurrentData().getData()).equals(actual.get(ROOT + "/a"));
      };
      Harness.until("the caches to be filled", allRight);

      Harness.killTheLeader();

      put("/a", "second");
      put("/a/1", "second");
      put("/c", "new");
      put("/c/d", "new");
      writer.delete().forPath(ROOT + "/a/2");
      writer.delete().forPath(ROOT + "/b");
      Harness.until("the caches to be right again", allRight);
      // Watches that were set anew after the kill.
      put("/c/d", "third");
      put("/a/3", "new");
      writer.delete().forPath(ROOT + "/a/1");
      Harness.until("the caches to follow on", allRight);
      Harness.until("the persistent watcher", () -> watched.contains("NodeDeleted " + ROOT + "/a/1"));
      Harness.say("done", "held", held(cache.stream().toList()), "suspended", Curators.SUSPENDED.get() > 0,
          "watched", watched.subList(watched.indexOf("NodeCreated " + ROOT + "/a/3"), watched.size()),
          "lost", Curators.LOST.get());
    });
  }

  private static void put(String path, String data) throws Exception {
    writer.create().orSetData().creatingParentsIfNeeded().forPath(ROOT + path, data.getBytes());
  }

  private static Map<String, String> actual(String path, Map<String, String> found) throws Exception {
    found.put(path, text(writer.getData().forPath(path)));
    for (String name : writer.getChildren().forPath(path)) actual(path + "/" + name, found);
    return found;
  }

  private static Map<String, String> held(List<ChildData> nodes) {
    Map<String, String> found = new TreeMap<>();
    for (ChildData node : nodes) found.put(node.getPath(), text(node.getData()));
    return found;
  }

  private static Map<String, String> held(TreeCache tree, String path, Map<String, String> found) {
    ChildData node = tree.getCurrentData(path);
    if (node == null) return found;
    found.put(path, text(node.getData()));
    for (String name : tree.getCurrentChildren(path).keySet()) held(tree, path + "/" + name, found);
    return found;
  }

  /** Curator creates nodes with its address where no data is given: only what this program wrote is compared. */
  private static String text(byte[] data) {
    String text = data == null ? "" : new String(data);
    return List.of("first", "second", "third", "new").contains(text) ? text : "";
  }
}
