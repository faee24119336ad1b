import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/** OpenSearch in one process, a cluster of one node: Main HOME PORT. */
public class Main extends Node {
    Main(Settings settings, Path config) {
        super(InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), config, () -> "odd"),
              List.of(Netty4Plugin.class), false);
    }

    public static void main(String[] words) throws Exception {
        Path home = Path.of(words[0]);
        int port = Integer.parseInt(words[1]);
        Settings settings = Settings.builder()
            .put("path.home", home)
            .put("network.host", "127.0.0.1")
            .put("http.port", port)
            .put("transport.port", port + 1)
            .put("discovery.type", "single-node")
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
        new Main(settings, home.resolve("config")).start();
        Thread.currentThread().join();
    }
}
