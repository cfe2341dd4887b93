// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hands iommulab's devices to VFIO, so that its type 1 driver can be seen at work on machines
 * without an IOMMU. A device has nothing to read, write or map: only its group is of use.
 */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/vfio.h>
#include "have.h"

struct lab_vfio {
	struct vfio_device vdev;
};

static int lab_vfio_open(struct vfio_device *vdev)
{
	return 0;
}

static void lab_vfio_close(struct vfio_device *vdev)
{
}

static long lab_vfio_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	if (cmd != VFIO_DEVICE_GET_INFO)
		return -ENOTTY;
	return copy_to_user((void __user *)arg, &info,
			    offsetofend(struct vfio_device_info, num_irqs)) ? -EFAULT : 0;
}

static int lab_vfio_init(struct vfio_device *vdev)
{
	return 0;
}

static void lab_vfio_release(struct vfio_device *vdev)
{
#ifdef HAVE_VFIO_FREE
	vfio_free_device(vdev);
#endif
}

static const struct vfio_device_ops lab_vfio_ops = {
	.name = "iommulab-vfio",
	.init = lab_vfio_init,
	.release = lab_vfio_release,
	.open_device = lab_vfio_open,
	.close_device = lab_vfio_close,
	.ioctl = lab_vfio_ioctl,
#ifdef HAVE_VFIO_IOMMUFD
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
#endif
};

static int lab_vfio_probe(struct platform_device *pdev)
{
	struct lab_vfio *lv = vfio_alloc_device(lab_vfio, vdev, &pdev->dev, &lab_vfio_ops);
	int err;

	if (IS_ERR(lv))
		return PTR_ERR(lv);
	err = vfio_register_group_dev(&lv->vdev);
	if (err) {
		vfio_put_device(&lv->vdev);
		return err;
	}
	platform_set_drvdata(pdev, lv);
	return 0;
}

static void lab_vfio_drop(struct platform_device *pdev)
{
	struct lab_vfio *lv = platform_get_drvdata(pdev);

	vfio_unregister_group_dev(&lv->vdev);
	vfio_put_device(&lv->vdev);
}

#ifdef HAVE_REMOVE_VOID
#define lab_vfio_remove lab_vfio_drop
#else
static int lab_vfio_remove(struct platform_device *pdev)
{
	lab_vfio_drop(pdev);
	return 0;
}
#endif

static struct platform_driver lab_vfio_driver = {
	.probe = lab_vfio_probe,
	.remove = lab_vfio_remove,
	.driver = {
		.name = "iommulab-vfio",
	},
	.driver_managed_dma = true,
};
module_platform_driver(lab_vfio_driver);

MODULE_DESCRIPTION("iommulab's devices for VFIO");
MODULE_LICENSE("GPL");
