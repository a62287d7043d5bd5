package io.pullpiri.statemanager.container;

import java.util.regex.Pattern;

/**
 * Recognises the containers that podman runs for itself, whatever an operator calls them: a pod's infra container and the
 * service container of {@code podman kube play}. They run as long as their pod exists, so a model would never exit if they
 * counted. {@code podman inspect} marks them ({@code IsInfra}, {@code IsService}), but NodeAgent does not pass that on.
 */
// [impl->req~con-infra~1]
public final class InfraContainers {

    /** The first 12 digits of the pod's id, or of the hash of the kube file. */
    private static final Pattern OWN_NAME = Pattern.compile("[0-9a-f]{12}-(?:infra|service)");

    /** The last part of a repository's name: of podman 4 and 5, of Kubernetes (also one an architecture), of mirrors. */
    private static final Pattern PAUSE_IMAGE =
            Pattern.compile("(?:podman-|mirrored-)?pause(?:-(?:386|amd64|arm|arm64|ppc64le|riscv64|s390x))?");

    /** Set by {@code podman kube play} on the containers of a pod whose infra container has a name of its own. */
    private static final String INFRA_NAME = "io.podman.annotations.infra.name";

    private static final String IMAGE = "Image";

    private InfraContainers() {}

    public static boolean isInfra(ContainerFacts facts) {
        String name = ModelOfContainer.withoutSlash(facts.name());
        String configured = facts.config().getOrDefault(IMAGE, "");
        return isOwnName(name)
                || (!name.isEmpty() && name.equals(facts.annotations().get(INFRA_NAME)))
                || isPauseImage(facts.image())
                || isPauseImage(configured)
                || (hasNoImage(facts) && ModelOfContainer.stated(facts, name) == null);
    }

    private static boolean isOwnName(String name) {
        return (name.endsWith("-infra") || name.endsWith("-service"))
                && OWN_NAME.matcher(name).matches();
    }

    /**
     * Since podman 5.5 such containers have no image at all: podman says so with an empty text. An application may run
     * without an image too ({@code --rootfs}), so it counts if it states its model.
     */
    private static boolean hasNoImage(ContainerFacts facts) {
        return facts.image().isBlank() && "".equals(facts.config().get(IMAGE));
    }

    /** {@code registry:5000/path/pause:3.9@sha256:…}: registry, path, tag and digest do not count. */
    private static boolean isPauseImage(String image) {
        if (!image.contains("pause")) {
            return false;
        }
        String last = image.substring(image.lastIndexOf('/', endOfName(image)) + 1, endOfName(image));
        int tag = last.indexOf(':');
        return PAUSE_IMAGE.matcher(tag < 0 ? last : last.substring(0, tag)).matches();
    }

    private static int endOfName(String image) {
        int digest = image.indexOf('@');
        return digest < 0 ? image.length() : digest;
    }
}
