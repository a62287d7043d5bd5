// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.container;

import java.util.regex.Pattern;

/**
 * Recognizes infra containers: the containers that podman runs for itself, under any name. These are the infra container of
 * a pod and the service container of {@code podman kube play}. They run as long as their pod exists, so a model would never
 * exit if they counted. {@code podman inspect} marks them with {@code IsInfra} and {@code IsService}, but NodeAgent does not
 * send these fields.
 */
// [impl->req~con-infra~1]
public final class InfraContainers {

    /** Podman's own names. They begin with 12 digits of the pod's id or of the kube file's hash. */
    private static final Pattern OWN_NAME = Pattern.compile("[0-9a-f]{12}-(?:infra|service)");

    /** The last part of the repository's name: of podman 4 and 5, of Kubernetes (with or without architecture), of mirrors. */
    private static final Pattern PAUSE_IMAGE =
            Pattern.compile("(?:podman-|mirrored-)?pause(?:-(?:386|amd64|arm|arm64|ppc64le|riscv64|s390x))?");

    /** The annotation of {@code podman kube play} that gives a pod's infra container another name. */
    private static final String INFRA_NAME = "io.podman.annotations.infra.name";

    private static final String IMAGE = "Image";

    private InfraContainers() {}

    /** Returns whether the container is one that podman runs for itself. */
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
     * Returns whether podman reports an empty image. Since podman 5.5, infra containers have no image. An application may also run
     * without an image ({@code --rootfs}), so a container that states its model is not an infra container.
     */
    private static boolean hasNoImage(ContainerFacts facts) {
        return facts.image().isBlank() && "".equals(facts.config().get(IMAGE));
    }

    /** Compares the last part of the name: registry, path, tag and digest do not count. */
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
